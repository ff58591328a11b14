using System.Collections.Concurrent;
using System.Runtime.InteropServices;

using Telelaunch.Net;

namespace Telelaunch.Agent.Interop;

/// <summary>Children of PID 1: those it starts, and orphans that the kernel hands to it. All are reaped.</summary>
/// <remarks>
/// <see cref="System.Diagnostics.Process"/> waits for its own children alone and would race with a reaper of all.
/// </remarks>
internal sealed class ChildProcesses : IDisposable
{
    private readonly ConcurrentDictionary<int, TaskCompletionSource<int>> _exits = new();
    private readonly Lock _gate = new();
    private readonly PosixSignalRegistration _sigChld;

    public ChildProcesses() => _sigChld = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => Reap());

    /// <summary>Starts a program with this process's descriptors 0 to 2.</summary>
    /// <param name="environment">The whole environment, <c>NAME=value</c>.</param>
    /// <returns>Its pid, and its wait status (waitpid(2)) once it has ended.</returns>
    /// <exception cref="HostException">It can't be started.</exception>
    public (int Pid, Task<int> Exit) Start(string path, string[] arguments, string[] environment)
    {
        // Under the lock the child isn't reaped before it is known.
        lock (_gate)
        {
            int errno = Spawn(path, arguments, environment, out int pid);
            if (errno != 0)
                throw new HostException("sshd-not-started", $"{path} can't be started: {Errno.NameOf(errno)}.", "Use the agent's image unchanged.");
            var exit = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            _exits[pid] = exit;
            return (pid, exit.Task);
        }
    }

    public void Dispose() => _sigChld.Dispose();

    private void Reap()
    {
        lock (_gate)
        {
            int pid;
            while ((pid = LibC.waitpid(-1, out int status, LibC.WNOHANG)) > 0)
            {
                if (_exits.TryRemove(pid, out TaskCompletionSource<int>? exit))
                    exit.SetResult(status);
            }
        }
    }

    private static unsafe int Spawn(string path, string[] arguments, string[] environment, out int pid)
    {
        byte* attributes = stackalloc byte[LibC.OpaqueSize];
        byte* defaults = stackalloc byte[LibC.OpaqueSize];
        byte** argv = Vector([path, .. arguments]);
        byte** envp = Vector(environment);
        int errno = LibC.posix_spawnattr_init(attributes);
        try
        {
            // The runtime ignores SIGPIPE; a child would inherit that. None of these fails with valid arguments.
            errno |= LibC.sigemptyset(defaults);
            errno |= LibC.sigaddset(defaults, LibC.SIGPIPE);
            errno |= LibC.posix_spawnattr_setsigdefault(attributes, defaults);
            errno |= LibC.posix_spawnattr_setflags(attributes, LibC.POSIX_SPAWN_SETSIGDEF);
            pid = 0;
            return errno != 0 ? Errno.EINVAL : LibC.posix_spawn(out pid, path, null, attributes, argv, envp);
        }
        finally
        {
            _ = LibC.posix_spawnattr_destroy(attributes);
            Free(argv);
            Free(envp);
        }
    }

    private static unsafe byte** Vector(string[] strings)
    {
        byte** vector = (byte**)NativeMemory.AllocZeroed((nuint)strings.Length + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < strings.Length; i++)
            vector[i] = (byte*)Marshal.StringToCoTaskMemUTF8(strings[i]);
        return vector;
    }

    private static unsafe void Free(byte** vector)
    {
        for (byte** item = vector; *item != null; item++)
            Marshal.FreeCoTaskMem((nint)(*item));
        NativeMemory.Free(vector);
    }
}
