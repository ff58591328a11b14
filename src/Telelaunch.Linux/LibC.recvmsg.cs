using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    internal const int SCM_RIGHTS = 1;
    internal const int MSG_CTRUNC = 0x8;
    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;
    internal const int MSG_CMSG_CLOEXEC = 0x40000000;

    /// <summary>recvmsg(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial nint recvmsg(SafeHandle sockfd, msghdr* msg, int flags);

#pragma warning disable CA1815, IDE1006, CS8981, CS0649 // Layouts of the kernel's, under their own names; it fills some fields.
    // struct msghdr as the 64-bit kernel reads it (linux/socket.h: struct user_msghdr).
    internal unsafe struct msghdr
    {
        internal void* msg_name;
        internal int msg_namelen;
        internal iovec* msg_iov;
        internal nuint msg_iovlen;
        internal void* msg_control;
        internal nuint msg_controllen;
        internal int msg_flags;
    }

    internal unsafe struct iovec
    {
        internal void* iov_base;
        internal nuint iov_len;
    }

    internal struct cmsghdr
    {
        internal nuint cmsg_len;
        internal int cmsg_level;
        internal int cmsg_type;
    }
#pragma warning restore CA1815, IDE1006, CS8981, CS0649
}
