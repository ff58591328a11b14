using Renci.SshNet;
using Telelaunch.Net;
using Telelaunch.Tunnel.Ssh;

namespace Telelaunch.Tunnel.Files;

/// <summary>An SFTP session with the pod's sshd, over a port-forward of its own: files never wait behind flows.</summary>
internal sealed class SftpConnection : IAsyncDisposable
{
    /// <summary>An answer may take so long; a pod that is silent for longer is lost.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private readonly LoopbackBridge _bridge;

    private SftpConnection(LoopbackBridge bridge, SftpClient client)
    {
        _bridge = bridge;
        Client = client;
    }

    public SftpClient Client { get; }

    /// <summary>Whether another request may be sent.</summary>
    public bool IsUp => !_bridge.Completion.IsCompleted && Client.IsConnected;

    /// <param name="lower">Leads to sshd. Owned from now on, also when this throws.</param>
    /// <exception cref="TunnelException">As <see cref="SshCarrier.OpenAsync"/>.</exception>
    public static async Task<SftpConnection> OpenAsync(CarrierStream lower, SessionKeys keys, TunnelOptions options, CancellationToken cancellationToken)
    {
        var bridge = new LoopbackBridge(lower);
        using var login = new SshLogin(bridge, keys, options.SshUser);
        try
        {
            await using (cancellationToken.UnsafeRegister(static b => ((LoopbackBridge)b!).Stop(), bridge))
            {
                // Connecting blocks; stopping the bridge ends it.
                SftpClient client = await Task.Factory.StartNew(
                    () => login.Connect(static info => new SftpClient(info) { OperationTimeout = AnswerTimeout }),
                    CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
                return new SftpConnection(bridge, client);
            }
        }
        catch (Exception e)
        {
            TunnelException failure = login.Explain(e);
            await bridge.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw failure;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _bridge.DisposeAsync();
        // Waits for SSH.NET's threads.
        await Task.Factory.StartNew(Client.Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}
