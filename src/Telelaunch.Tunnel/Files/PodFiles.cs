using System.Globalization;
using System.Net.WebSockets;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Sftp;
using Telelaunch.Net;
using Telelaunch.Tunnel.PortForward;

namespace Telelaunch.Tunnel.Files;

/// <summary>The pod's files by SFTP. The connection is made with the first request, and again after a loss with the next one.</summary>
/// <remarks>A request whose connection is lost under way isn't repeated: the pod may have carried it out. It fails with EIO.</remarks>
/// <param name="connector">Opens port-forwards to the agent's pod.</param>
/// <param name="keys">The session's keys; not owned.</param>
public sealed class PodFiles(PortForwardConnector connector, SessionKeys keys, TunnelOptions options) : IPodFiles, IAsyncDisposable
{
    /// <summary>OpenSSH's answer to a message is bounded (256 KiB); this many bytes of content fit into one.</summary>
    private const int BufferSize = 128 * 1024;

    private readonly SemaphoreSlim _opening = new(1);
    private readonly CancellationTokenSource _stop = new();
    private SftpConnection? _connection;

    /// <inheritdoc/>
    public Task<PodFileStatus> GetStatusAsync(string path, CancellationToken cancellationToken) => AskAsync(
        path, async (client, token) => StatusOf(await SftpInternals.LStatAsync(client, path, token)), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<PodFileEntry>> ListAsync(string path, CancellationToken cancellationToken) => AskAsync<IReadOnlyList<PodFileEntry>>(
        path,
        async (client, token) =>
        {
            List<PodFileEntry> entries = [];
            await foreach (ISftpFile file in client.ListDirectoryAsync(path, token))
            {
                if (IsComponent(file.Name))
                    entries.Add(new PodFileEntry(file.Name, StatusOf(file.Attributes)));
            }

            return entries;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<string> ReadLinkAsync(string path, CancellationToken cancellationToken) =>
        AskBlockingAsync(path, client => SftpInternals.ReadLink(client, path), cancellationToken);

    /// <inheritdoc/>
    public Task<string> ResolveAsync(string path, CancellationToken cancellationToken) =>
        AskAsync(path, (client, token) => SftpInternals.RealPathAsync(client, path, token), cancellationToken);

    /// <inheritdoc/>
    public Task ReadAsync(string path, Stream target, CancellationToken cancellationToken) => AskAsync(
        path,
        async (client, token) =>
        {
            await client.DownloadFileAsync(path, target, token);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task CheckWritableAsync(string path, CancellationToken cancellationToken) => AskAsync(
        path,
        async (client, token) =>
        {
            await using SftpFileStream opened = await client.OpenAsync(path, FileMode.Open, FileAccess.Write, token);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task WriteAsync(string path, Stream source, CancellationToken cancellationToken) => AskAsync(
        path,
        async (client, token) =>
        {
            // Not UploadFileAsync, which would make a file that has gone meanwhile.
            await using SftpFileStream target = await client.OpenAsync(path, FileMode.Truncate, FileAccess.Write, token);
            await source.CopyToAsync(target, BufferSize, token);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task CreateAsync(string path, UnixFileMode mode, CancellationToken cancellationToken)
    {
        try
        {
            await AskAsync(
                path,
                async (client, token) =>
                {
                    await using SftpFileStream made = await client.OpenAsync(path, FileMode.CreateNew, FileAccess.Write, token);
                    return true;
                },
                cancellationToken);
        }
        catch (PodFileException error) when (error.Errno == Errno.EIO)
        {
            // Version 3 has no word for it.
            if (await KindOfAsync(path, cancellationToken) is not null)
                throw new PodFileException(Errno.EEXIST, path, error);
            throw;
        }

        await SetModeAsync(path, mode, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task MakeFolderAsync(string path, UnixFileMode mode, CancellationToken cancellationToken)
    {
        try
        {
            await DoAsync(path, (client, token) => SftpInternals.MakeFolderAsync(client, path, token), cancellationToken);
        }
        catch (PodFileException error) when (error.Errno == Errno.EIO)
        {
            if (await KindOfAsync(path, cancellationToken) is not null)
                throw new PodFileException(Errno.EEXIST, path, error);
            throw;
        }

        await SetModeAsync(path, mode, cancellationToken);
    }

    /// <inheritdoc/>
    public Task RemoveAsync(string path, CancellationToken cancellationToken) =>
        DoAsync(path, (client, token) => SftpInternals.RemoveAsync(client, path, token), cancellationToken);

    /// <inheritdoc/>
    public async Task RemoveFolderAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await DoAsync(path, (client, token) => SftpInternals.RemoveFolderAsync(client, path, token), cancellationToken);
        }
        catch (PodFileException error) when (error.Errno == Errno.EIO)
        {
            PodFileKind? kind = await KindOfAsync(path, cancellationToken);
            if (kind is not null)
                throw new PodFileException(kind == PodFileKind.Folder ? Errno.ENOTEMPTY : Errno.ENOTDIR, path, error);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task RenameAsync(string path, string newPath, CancellationToken cancellationToken) => AskBlockingAsync(
        path,
        client =>
        {
            SftpInternals.Rename(client, path, newPath);
            return true;
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        // Whoever opens a connection now is cancelled; who waits to do so finds this over.
        await _opening.WaitAsync(CancellationToken.None);
        if (_connection is not null)
            await _connection.DisposeAsync();
        _stop.Dispose();
    }

    private static PodFileStatus StatusOf(SftpFileAttributes attributes)
    {
        PodFileKind kind = attributes switch
        {
            { IsRegularFile: true } => PodFileKind.File,
            { IsDirectory: true } => PodFileKind.Folder,
            { IsSymbolicLink: true } => PodFileKind.Link,
            _ => PodFileKind.Other,
        };
        UnixFileMode mode = Bit(attributes.OwnerCanRead, UnixFileMode.UserRead) | Bit(attributes.OwnerCanWrite, UnixFileMode.UserWrite)
            | Bit(attributes.OwnerCanExecute, UnixFileMode.UserExecute) | Bit(attributes.GroupCanRead, UnixFileMode.GroupRead)
            | Bit(attributes.GroupCanWrite, UnixFileMode.GroupWrite) | Bit(attributes.GroupCanExecute, UnixFileMode.GroupExecute)
            | Bit(attributes.OthersCanRead, UnixFileMode.OtherRead) | Bit(attributes.OthersCanWrite, UnixFileMode.OtherWrite)
            | Bit(attributes.OthersCanExecute, UnixFileMode.OtherExecute);
        return new PodFileStatus(kind, mode, attributes.Size, new DateTimeOffset(DateTime.SpecifyKind(attributes.LastWriteTimeUtc, DateTimeKind.Utc)));

        static UnixFileMode Bit(bool isSet, UnixFileMode bit) => isSet ? bit : 0;
    }

    // A name from the pod becomes part of a path on this machine. U+FFFD stands for bytes that aren't UTF-8.
    private static bool IsComponent(string name) => name is not ("" or "." or "..") && name.AsSpan().IndexOfAny('/', '\0', '\uFFFD') < 0;

    private Task<bool> SetModeAsync(string path, UnixFileMode mode, CancellationToken cancellationToken) => AskBlockingAsync(
        path,
        client =>
        {
            // The digits of the octal number, as a decimal one.
            client.ChangePermissions(path, short.Parse(Convert.ToString((int)mode & 0x1FF, 8), CultureInfo.InvariantCulture));
            return true;
        },
        cancellationToken);

    /// <summary>Null where nothing is there, or nothing can be seen.</summary>
    private async Task<PodFileKind?> KindOfAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return (await GetStatusAsync(path, cancellationToken)).Kind;
        }
        catch (PodFileException)
        {
            return null;
        }
    }

    private Task<bool> DoAsync(string path, Func<SftpClient, CancellationToken, Task> request, CancellationToken cancellationToken) => AskAsync(
        path,
        async (client, token) =>
        {
            await request(client, token);
            return true;
        },
        cancellationToken);

    /// <summary>A request that SSH.NET waits for by blocking: on a thread of its own.</summary>
    private Task<T> AskBlockingAsync<T>(string path, Func<SftpClient, T> request, CancellationToken cancellationToken) => AskAsync(
        path,
        (client, token) => Task.Factory.StartNew(() => request(client), token, TaskCreationOptions.LongRunning, TaskScheduler.Default),
        cancellationToken);

    private async Task<T> AskAsync<T>(string path, Func<SftpClient, CancellationToken, Task<T>> request, CancellationToken cancellationToken)
    {
        try
        {
            SftpConnection connection = await ConnectAsync(cancellationToken);
            return await request(connection.Client, cancellationToken);
        }
        catch (SftpException error)
        {
            throw new PodFileException(SftpErrno.Of(error), path, error);
        }
        catch (TelelaunchException error)
        {
            throw new PodFileException(Errno.EIO, path, error);
        }
        catch (Exception error) when (SftpErrno.IsLoss(error))
        {
            throw new PodFileException(Errno.EIO, path, error);
        }
    }

    private async ValueTask<SftpConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _connection) is { IsUp: true } connection)
            return connection;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        either.CancelAfter(options.AttemptTimeout);
        await _opening.WaitAsync(either.Token);
        try
        {
            if (_connection is { IsUp: true } opened)
                return opened;
            if (_connection is SftpConnection lost)
            {
                _connection = null;
                await lost.DisposeAsync();
            }

            WebSocket socket = await connector(options.SshPort, either.Token);
            _connection = await SftpConnection.OpenAsync(new PortForwardStream(socket, options.SshPort, options.Time), keys, options, either.Token);
            return _connection;
        }
        catch (Exception error) when (error is WebSocketException or HttpRequestException or IOException)
        {
            throw TunnelFault.PortForwardLost(options.SshPort, error);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && !_stop.IsCancellationRequested)
        {
            throw TunnelFault.TimedOut(options.AttemptTimeout);
        }
        finally
        {
            _opening.Release();
        }
    }
}
