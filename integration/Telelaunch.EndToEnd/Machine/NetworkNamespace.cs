using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>Work in another network namespace. A socket belongs for ever to the namespace that its thread was in when it was made (network_namespaces(7)).</summary>
internal static partial class NetworkNamespace
{
    private const int CloneNewNet = 0x40000000;

    /// <summary>Does something in the network namespace of a process, on a thread of its own that ends with it; needs CAP_SYS_ADMIN.</summary>
    /// <remarks>What is done must not continue elsewhere: no await.</remarks>
    public static T Do<T>(int process, Func<T> work)
    {
        var done = new TaskCompletionSource<T>();
        var thread = new Thread(() =>
        {
            try
            {
                using SafeFileHandle space = File.OpenHandle($"/proc/{process}/ns/net");
                if (SetNamespace(space, CloneNewNet) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError(), $"setns to the network namespace of process {process}");
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        thread.Start();
        thread.Join();
        return done.Task.GetAwaiter().GetResult();
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle space, int kind);
}
