using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Telelaunch.Linux.Tests;

/// <summary>The kernel's structures as a C compiler of this machine lays them out.</summary>
public class LayoutTests
{
    private const string Program = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <linux/if_tun.h>
        #include <linux/inet_diag.h>
        #include <linux/netlink.h>
        #include <linux/sock_diag.h>
        #include <net/if.h>
        #include <netinet/tcp.h>
        #include <poll.h>
        #include <stddef.h>
        #include <stdio.h>
        #include <sys/socket.h>
        #include <sys/eventfd.h>
        #include <sys/ioctl.h>
        #include <sys/stat.h>
        int main(void) {
            printf("%zu %zu %zu %zu %zu %zu\n", sizeof(struct msghdr), offsetof(struct msghdr, msg_iov), offsetof(struct msghdr, msg_iovlen),
                offsetof(struct msghdr, msg_control), offsetof(struct msghdr, msg_controllen), offsetof(struct msghdr, msg_flags));
            printf("%zu %zu %zu\n", sizeof(struct cmsghdr), offsetof(struct cmsghdr, cmsg_level), offsetof(struct cmsghdr, cmsg_type));
            printf("%zu %zu\n", sizeof(struct iovec), offsetof(struct tcp_info, tcpi_state));
            printf("%d %d %d %d\n", SOL_SOCKET, SO_PEERCRED, SO_COOKIE, MSG_CMSG_CLOEXEC);
            printf("%zu %zu %d %d %d %d\n", sizeof(struct statx), offsetof(struct statx, stx_mode), AT_EMPTY_PATH, STATX_TYPE, S_IFMT, S_IFREG);
            printf("%zu %zu %zu %zu %zu %zu\n", sizeof(struct inet_diag_req_v2), offsetof(struct inet_diag_req_v2, idiag_states), sizeof(struct inet_diag_msg),
                offsetof(struct inet_diag_msg, id), offsetof(struct inet_diag_msg, idiag_inode), offsetof(struct inet_diag_sockid, idiag_cookie));
            printf("%d %d %d %d %d %d %d\n", AF_NETLINK, NETLINK_SOCK_DIAG, NLMSG_ERROR, NLMSG_DONE, NLM_F_REQUEST | NLM_F_DUMP, SOCK_DIAG_BY_FAMILY, INET_DIAG_SKV6ONLY);
            printf("%zu %d %u %d %d %d %d %d %d %d\n", sizeof(struct ifreq), IFNAMSIZ, (unsigned)TUNSETIFF, IFF_TUN, IFF_NO_PI, IFF_TUN_EXCL, O_RDWR | O_CLOEXEC, S_IFCHR, EFD_CLOEXEC, POLLIN);
            printf("%zu %zu %zu %d\n", sizeof(struct pollfd), offsetof(struct pollfd, revents), sizeof(struct sockaddr_nl), SOL_NETLINK);
            return 0;
        }
        """;

    [Fact]
    public unsafe void Layouts_AreThoseOfC()
    {
        string[] c = CompileAndRun();

        Assert.Equal(
            string.Join(' ', sizeof(LibC.msghdr), Offset<LibC.msghdr>("msg_iov"), Offset<LibC.msghdr>("msg_iovlen"), Offset<LibC.msghdr>("msg_control"), Offset<LibC.msghdr>("msg_controllen"), Offset<LibC.msghdr>("msg_flags")),
            c[0]);
        Assert.Equal(string.Join(' ', sizeof(LibC.cmsghdr), Offset<LibC.cmsghdr>("cmsg_level"), Offset<LibC.cmsghdr>("cmsg_type")), c[1]);
        Assert.Equal($"{sizeof(LibC.iovec)} 0", c[2]);
        Assert.Equal($"{LibC.SOL_SOCKET} {LibC.SO_PEERCRED} {LibC.SO_COOKIE} {LibC.MSG_CMSG_CLOEXEC}", c[3]);
        Assert.Equal($"{LibC.StatxSize} {LibC.StatxMode} {LibC.AT_EMPTY_PATH} {LibC.STATX_TYPE} {LibC.S_IFMT} {LibC.S_IFREG}", c[4]);
        // What SocketDiagnosis reads by offsets.
        Assert.Equal("56 4 72 4 68 40", c[5]);
        Assert.Equal(
            $"{LibC.AF_NETLINK} {(int)NetlinkProtocol.SockDiag} {LibC.NLMSG_ERROR} {LibC.NLMSG_DONE} {LibC.NLM_F_REQUEST | LibC.NLM_F_DUMP} {LibC.SOCK_DIAG_BY_FAMILY} {LibC.INET_DIAG_SKV6ONLY}",
            c[6]);
        Assert.Equal(
            $"{LibC.IfreqSize} {LibC.IFNAMSIZ} {LibC.TUNSETIFF} {LibC.IFF_TUN} {LibC.IFF_NO_PI} {LibC.IFF_TUN_EXCL & 0xffff} {LibC.O_RDWR | LibC.O_CLOEXEC} {LibC.S_IFCHR} {LibC.EFD_CLOEXEC} {LibC.POLLIN}",
            c[7]);
        Assert.Equal($"{sizeof(LibC.pollfd)} {Offset<LibC.pollfd>("revents")} 12 {LibC.SOL_NETLINK}", c[8]);
    }

    private static nint Offset<T>(string field) => Marshal.OffsetOf<T>(field);

    private static string[] CompileAndRun()
    {
        string directory = Directory.CreateTempSubdirectory("tl").FullName;
        try
        {
            string source = Path.Combine(directory, "layout.c");
            File.WriteAllText(source, Program);
            Run("gcc", "-o", Path.Combine(directory, "layout"), source);
            return Run(Path.Combine(directory, "layout")).Split('\n');
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
