using System.Net.Sockets;
using Renci.SshNet.Common;
using Renci.SshNet.Sftp;
using Telelaunch.Net;

namespace Telelaunch.Tunnel.Files;

/// <summary>What a failed request of SFTP means as an errno. Its version 3 has few words, so some errors come out as EIO.</summary>
internal static class SftpErrno
{
    /// <summary>Whether the session is over; otherwise the server has answered.</summary>
    public static bool IsLoss(Exception error) => error is not SftpException
        && error is SshException or SocketException or ObjectDisposedException or InvalidOperationException;

    /// <summary>The errno of a server's answer.</summary>
    public static int Of(SftpException error) => error.StatusCode switch
    {
        StatusCode.NoSuchFile => Errno.ENOENT,
        StatusCode.PermissionDenied => Errno.EACCES,
        StatusCode.OperationUnsupported => Errno.EOPNOTSUPP,
        StatusCode.BadMessage => Errno.EINVAL,
        _ => Errno.EIO,
    };
}
