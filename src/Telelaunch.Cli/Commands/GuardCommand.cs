using Telelaunch.Cli.Guard;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch guard</c> (hidden): started by a launcher, told on standard input what to remove.</summary>
internal static class GuardCommand
{
    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // The directory that the launcher was started in must not stay busy because of us.
        Environment.CurrentDirectory = "/";
        using var input = new StreamReader(new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0, isAsync: false));
        await new GuardWatch(SessionRemoval.RunAsync).RunAsync(input, cancellationToken);
        return 0;
    }
}
