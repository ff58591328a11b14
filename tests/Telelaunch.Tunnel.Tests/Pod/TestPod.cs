using Telelaunch.Mux;

namespace Telelaunch.Tunnel.Tests.Pod;

/// <summary>A pod and the way to it, all on loopback: API server, sshd, agent.</summary>
internal sealed class TestPod : IAsyncDisposable
{
    private TestPod(PortForwardServer server, AgentEnd agent, PodSshd sshd, SessionKeys keys)
    {
        Server = server;
        Agent = agent;
        Sshd = sshd;
        Keys = keys;
    }

    public PortForwardServer Server { get; }

    public AgentEnd Agent { get; }

    public PodSshd Sshd { get; }

    public SessionKeys Keys { get; }

    /// <param name="podKeys">What the pod has in its Secret; null: the same as the client.</param>
    public static async Task<TestPod> StartAsync(CancellationToken cancellationToken, SessionKeys? podKeys = null, string sshdSettings = "")
    {
        var keys = new SessionKeys();
        podKeys ??= keys;
        var agent = new AgentEnd(podKeys.Secret);
        PodSshd sshd = await PodSshd.StartAsync(podKeys.ToSecretFiles(), agent.Port, cancellationToken, sshdSettings);
        return new TestPod(await PortForwardServer.StartAsync(cancellationToken), agent, sshd, keys);
    }

    public TunnelOptions Options(CarrierKind carrier) => new()
    {
        Carrier = carrier,
        AgentPort = Agent.Port,
        SshPort = Sshd.Port,
        SshUser = Environment.UserName,
        FirstRetry = TimeSpan.FromMilliseconds(20),
        LongestRetry = TimeSpan.FromMilliseconds(100),
        WaitForTunnel = TimeSpan.FromSeconds(60),
        Mux = new MuxOptions(),
    };

    public Task<Tunnel> OpenAsync(TunnelOptions options, CancellationToken cancellationToken, IProgress<TunnelPhase>? progress = null) =>
        Tunnel.OpenAsync(Server.ConnectAsync, Keys, options, progress, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Sshd.Dispose();
        await Agent.DisposeAsync();
        Keys.Dispose();
    }
}
