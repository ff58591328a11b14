using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Impairment;

/// <summary>Work in another network namespace. A socket belongs for ever to the namespace that its thread was in when it was made (network_namespaces(7)).</summary>
public static partial class NetworkNamespace
{
    private const int CLONE_NEWNET = 0x40000000;

    /// <summary>Does something in the network namespace of a process, on a thread of its own that ends with it; needs CAP_SYS_ADMIN.</summary>
    /// <param name="process">Its id.</param>
    /// <param name="work">Must not continue elsewhere: no await.</param>
    /// <exception cref="Win32Exception">setns(2) failed.</exception>
    /// <exception cref="IOException">The process is gone.</exception>
    public static T Do<T>(int process, Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var done = new TaskCompletionSource<T>();
        var thread = new Thread(() =>
        {
            try
            {
                using SafeFileHandle space = File.OpenHandle($"/proc/{process}/ns/net");
                if (SetNamespace(space, CLONE_NEWNET) != 0)
                    throw new Win32Exception(Marshal.GetLastPInvokeError(), $"setns to the network namespace of process {process}");
                done.SetResult(work());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        });
        thread.Start();
        thread.Join();
        return done.Task.GetAwaiter().GetResult();
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle space, int kind);
}
