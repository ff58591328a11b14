using System.Runtime.ExceptionServices;

namespace Telelaunch.Linux;

/// <summary>Runs something where one file is another: in a mount namespace of its own (mount_namespaces(7)), which ends with what was started in it.</summary>
public static class PrivateMount
{
    /// <summary>Calls <paramref name="action"/> on a thread for which, and for whose children, <paramref name="path"/> is <paramref name="replacement"/>.</summary>
    /// <returns>False, and nothing was called, where this process may not mount (CAP_SYS_ADMIN).</returns>
    public static bool TryRun(string path, string replacement, Action action)
    {
        bool isMounted = false;
        ExceptionDispatchInfo? failure = null;
        // The namespace is the thread's: it is never a thread of the pool, and ends here.
        var thread = new Thread(() =>
        {
            try
            {
                isMounted = LibC.unshare(LibC.CLONE_NEWNS) == 0
                    && LibC.mount(null, "/", null, LibC.MS_REC | LibC.MS_PRIVATE, null) == 0
                    && LibC.mount(replacement, path, null, LibC.MS_BIND, null) == 0;
                if (isMounted) action();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return isMounted;
    }
}
