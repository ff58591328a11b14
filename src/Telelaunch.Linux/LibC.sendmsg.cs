using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    internal const int MSG_NOSIGNAL = 0x4000;

    /// <summary>sendmsg(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint sendmsg(SafeHandle sockfd, msghdr* msg, int flags);
}
