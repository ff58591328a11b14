using System.Runtime.CompilerServices;
using Renci.SshNet;
using Renci.SshNet.Sftp;

namespace Telelaunch.Tunnel.Files;

/// <summary>Requests of the protocol (draft-ietf-secsh-filexfer-02, §6) as they are, which SftpClient keeps to itself.</summary>
/// <remarks>
/// Its public members follow symbolic links before they look, so through them a link can neither be seen nor read nor removed, and Kubernetes' small
/// volumes consist of links. Bound by name to the pinned version of SSH.NET; the tests against a real sshd fail where a new version calls them otherwise.
/// </remarks>
internal static class SftpInternals
{
    private const string SessionType = "Renci.SshNet.Sftp.ISftpSession, Renci.SshNet";

    // RequestReadLink is a member of the class alone.
    private const string SessionClass = "Renci.SshNet.Sftp.SftpSession, Renci.SshNet";

    /// <summary>SSH_FXP_LSTAT.</summary>
    public static Task<SftpFileAttributes> LStatAsync(SftpClient client, string path, CancellationToken cancellationToken) =>
        RequestLStatAsync(Session(client), path, cancellationToken);

    /// <summary>SSH_FXP_READLINK. Blocks.</summary>
    public static string ReadLink(SftpClient client, string path) => RequestReadLink(Session(client), path, nullOnError: false)![0].Key;

    /// <summary>SSH_FXP_REALPATH; what isn't there comes back as it is.</summary>
    public static Task<string> RealPathAsync(SftpClient client, string path, CancellationToken cancellationToken) =>
        GetCanonicalPathAsync(Session(client), path, cancellationToken);

    /// <summary>SSH_FXP_REMOVE: a link itself.</summary>
    public static Task RemoveAsync(SftpClient client, string path, CancellationToken cancellationToken) => RequestRemoveAsync(Session(client), path, cancellationToken);

    /// <summary>SSH_FXP_MKDIR.</summary>
    public static Task MakeFolderAsync(SftpClient client, string path, CancellationToken cancellationToken) => RequestMkDirAsync(Session(client), path, cancellationToken);

    /// <summary>SSH_FXP_RMDIR.</summary>
    public static Task RemoveFolderAsync(SftpClient client, string path, CancellationToken cancellationToken) => RequestRmDirAsync(Session(client), path, cancellationToken);

    /// <summary>posix-rename@openssh.com: as rename(2), where SSH_FXP_RENAME refuses a path that is taken. Blocks.</summary>
    public static void Rename(SftpClient client, string path, string newPath) => RequestPosixRename(Session(client), path, newPath);

    private static object Session(SftpClient client) => GetSession(client) ?? throw new ObjectDisposedException(nameof(SftpClient));

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_SftpSession")]
    [return: UnsafeAccessorType(SessionType)]
    private static extern object? GetSession(SftpClient client);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(RequestLStatAsync))]
    private static extern Task<SftpFileAttributes> RequestLStatAsync([UnsafeAccessorType(SessionType)] object session, string path, CancellationToken cancellationToken);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(GetCanonicalPathAsync))]
    private static extern Task<string> GetCanonicalPathAsync([UnsafeAccessorType(SessionType)] object session, string path, CancellationToken cancellationToken);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(RequestReadLink))]
    private static extern KeyValuePair<string, SftpFileAttributes>[]? RequestReadLink([UnsafeAccessorType(SessionClass)] object session, string path, bool nullOnError);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(RequestRemoveAsync))]
    private static extern Task RequestRemoveAsync([UnsafeAccessorType(SessionType)] object session, string path, CancellationToken cancellationToken);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(RequestMkDirAsync))]
    private static extern Task RequestMkDirAsync([UnsafeAccessorType(SessionType)] object session, string path, CancellationToken cancellationToken);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(RequestRmDirAsync))]
    private static extern Task RequestRmDirAsync([UnsafeAccessorType(SessionType)] object session, string path, CancellationToken cancellationToken);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(RequestPosixRename))]
    private static extern void RequestPosixRename([UnsafeAccessorType(SessionType)] object session, string path, string newPath);
}
