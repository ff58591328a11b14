using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Playground.Node.Network;

/// <summary>Makes sockets that live in another network namespace. A socket stays where it was made, so only its making needs the namespace.</summary>
internal static partial class NetworkNamespace
{
    private const int CLONE_NEWNET = 0x40000000; // sched.h

    /// <summary>Runs <paramref name="make"/> on a thread of its own that has entered the namespace and ends afterwards.</summary>
    /// <param name="path">A file of the namespace: <c>/proc/PID/ns/net</c> or a bind mount of it.</param>
    /// <exception cref="Win32Exception">setns(2) or open(2) failed: the pod is gone.</exception>
    public static Task<T> RunAsync<T>(string path, Func<T> make)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                using (var handle = File.OpenHandle(path))
                    Enter(handle);
                result.SetResult(make());
            }
            catch (Exception error)
            {
                result.SetException(error);
            }
        }, 256 * 1024)
        { IsBackground = true, Name = "netns" };
        thread.Start();
        return result.Task;
    }

    private static void Enter(SafeFileHandle handle)
    {
        if (setns(handle, CLONE_NEWNET) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(SafeFileHandle fd, int nstype);
}
