using System.Runtime.InteropServices;

namespace Telelaunch.Cli.Launch;

/// <summary>The modes of the terminal before the command ran, to be put back when a signal ended it before it could do so itself.</summary>
/// <remarks>A shell does this for its own jobs, but to the shell we end by exit code and not by signal.</remarks>
internal sealed partial class TerminalModes
{
    private const int StandardInput = 0;
    private const int Now = 0;

    // struct termios is 60 bytes in glibc and musl.
    private readonly byte[] _modes = new byte[128];

    private TerminalModes()
    {
    }

    /// <summary>Null where standard input is no terminal.</summary>
    public static TerminalModes? Read()
    {
        var modes = new TerminalModes();
        return GetAttributes(StandardInput, modes._modes) == 0 ? modes : null;
    }

    /// <summary>Puts them back. To be called only while our process group is in the foreground: otherwise it would stop us (SIGTTOU).</summary>
    public void Restore() => _ = SetAttributes(StandardInput, Now, _modes);

    [LibraryImport("libc", EntryPoint = "tcgetattr")]
    private static partial int GetAttributes(int descriptor, byte[] modes);

    [LibraryImport("libc", EntryPoint = "tcsetattr")]
    private static partial int SetAttributes(int descriptor, int when, byte[] modes);
}
