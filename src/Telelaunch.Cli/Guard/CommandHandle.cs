using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Cli.Guard;

/// <summary>A process by its pidfd (pidfd_open(2)): it can't be mistaken for another that gets its number later.</summary>
internal sealed partial class CommandHandle : IDisposable
{
    private const long PidfdOpen = 434;
    private const long PidfdSendSignal = 424;
    private const int Sighup = 1;

    private readonly SafeFileHandle _descriptor;

    private CommandHandle(SafeFileHandle descriptor) => _descriptor = descriptor;

    /// <summary>Null where the process is gone already.</summary>
    public static CommandHandle? Open(int processId)
    {
        var descriptor = SystemCall(PidfdOpen, processId, 0, 0, 0);
        return descriptor < 0 ? null : new(new SafeFileHandle((nint)descriptor, ownsHandle: true));
    }

    /// <summary>Sends SIGHUP, as when a terminal closes; nothing happens to a process that has ended.</summary>
    public void HangUp() => _ = SystemCall(PidfdSendSignal, _descriptor.DangerousGetHandle(), Sighup, 0, 0);

    public void Dispose() => _descriptor.Dispose();

    // Variadic in C; passed as any other on Linux x64 and arm64. Both calls are newer than the oldest glibc that we run on.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long first, long second, long third, long fourth);
}
