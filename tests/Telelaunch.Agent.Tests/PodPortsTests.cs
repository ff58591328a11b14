using System.Net;
using System.Net.Sockets;

using Telelaunch.Mux;
using Telelaunch.Net;

namespace Telelaunch.Agent.Tests;

/// <remarks>Alone: a process that another test starts holds copies of this one's sockets until it executes its program, and a closed port would seem to be open.</remarks>
[Collection(nameof(PodPortsTests))]
[CollectionDefinition(nameof(PodPortsTests), DisableParallelization = true)]
public sealed class PodPortsTests
{
    // Outside of what the kernel gives away, at an address that no other run has.
    private const int Port = 61_777;

    private static readonly IPAddress s_own = new([127, 91, (byte)(Environment.ProcessId >> 8), (byte)Environment.ProcessId]);
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task AllAddresses_TakeCallersOfBothFamilies_WithTheAddressesThatTheyHave()
    {
        await using FlowListener listener = await OpenAsync(new PodPorts(), IPAddress.IPv6Any, 0);
        foreach (IPAddress loopback in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            using var caller = new Socket(loopback.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await caller.ConnectAsync(new IPEndPoint(loopback, listener.PodEndPoint.Port));
            AcceptedFlow accepted = await listener.AcceptAsync(CancellationToken.None);
            Assert.Equal(caller.LocalEndPoint, accepted.Caller);
            await accepted.Stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task Loopback_IsLoopbackAlone()
    {
        await using FlowListener listener = await OpenAsync(new PodPorts(), IPAddress.Loopback, 0);
        Assert.Equal(IPAddress.Loopback, listener.PodEndPoint.Address);
        using var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        SocketException refused = await Assert.ThrowsAsync<SocketException>(async () => await caller.ConnectAsync(IPAddress.Parse("127.0.0.2"), listener.PodEndPoint.Port));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PortOfAnotherProcess_IsTaken_AlsoWhereThatWouldShareIt(bool shares)
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // In .NET this is SO_REUSEPORT too.
        if (shares)
            other.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        other.Bind(new IPEndPoint(IPAddress.Any, 0));
        other.Listen(1);

        ListenResult result = await new PodPorts().ListenAsync(new(IPAddress.IPv6Any, ((IPEndPoint)other.LocalEndPoint!).Port), CancellationToken.None);

        Assert.Equal(Errno.EADDRINUSE, result.Errno);
    }

    [Fact]
    public async Task NewerCarrier_TakesThePortOver_AndTheOlderEndsWithoutADefect()
    {
        var ports = new PodPorts();
        FlowListener older = await OpenAsync(ports, s_own, Port);
        Task<AcceptedFlow> accepting = older.AcceptAsync(CancellationToken.None).AsTask();

        await using FlowListener newer = await OpenAsync(ports, s_own, Port);

        await Assert.ThrowsAsync<IOException>(() => accepting.WaitAsync(s_bound));
        // Before anybody accepts again: the port was handed on, and never closed.
        using var waiting = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await waiting.ConnectAsync(s_own, Port);
        await (await newer.AcceptAsync(CancellationToken.None)).Stream.DisposeAsync();
        // The older one's carrier goes at last, and must not take the newer's place with it.
        await older.DisposeAsync();
        using var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await caller.ConnectAsync(s_own, Port);
        await using FlowListener newest = await OpenAsync(ports, s_own, Port);
        // Who came before the change is served after it.
        await (await newest.AcceptAsync(CancellationToken.None)).Stream.DisposeAsync();
    }

    [Fact]
    public async Task PortIsFree_OnceItIsGivenBack_ThoughConnectionsGoOn()
    {
        var ports = new PodPorts();
        FlowListener listener = await OpenAsync(ports, IPAddress.IPv6Any, 0);
        int port = listener.PodEndPoint.Port;
        using var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await caller.ConnectAsync(IPAddress.Loopback, port);
        AcceptedFlow accepted = await listener.AcceptAsync(CancellationToken.None);
        await listener.DisposeAsync();

        using var refused = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(async () => await refused.ConnectAsync(IPAddress.Loopback, port));
        await caller.SendAsync("x"u8.ToArray());
        Assert.Equal(1, await accepted.Stream.ReadAsync(new byte[1], CancellationToken.None));
        await using FlowListener again = await OpenAsync(ports, IPAddress.IPv6Any, port);
        await accepted.Stream.DisposeAsync();
    }

    [RootFact]
    public async Task PortBelow1024_IsNotPermitted_WhereTheSysctlIsMissing()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        await using MuxClient client = await pod.ConnectAsync();

        MuxListenResult refused = await client.ListenAsync(new(IPAddress.IPv6Any, 80), (_, _) => throw new InvalidOperationException(), CancellationToken.None);
        Assert.Equal(Errno.EACCES, refused.Errno);
        using System.Diagnostics.Process sysctl = pod.InPod(["sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start"]);
        await sysctl.WaitForExitAsync(CancellationToken.None).WaitAsync(s_bound);
        MuxListenResult permitted = await client.ListenAsync(new(IPAddress.IPv6Any, 80), (_, _) => throw new InvalidOperationException(), CancellationToken.None);
        Assert.Equal(0, permitted.Errno);
        // The agent's own ports are taken.
        MuxListenResult own = await client.ListenAsync(new(IPAddress.IPv6Any, AgentPod.AgentPort), (_, _) => throw new InvalidOperationException(), CancellationToken.None);
        Assert.Equal(Errno.EADDRINUSE, own.Errno);
    }

    private static async Task<FlowListener> OpenAsync(PodPorts ports, IPAddress address, int port)
    {
        ListenResult result = await ports.ListenAsync(new(address, port), CancellationToken.None);
        Assert.Equal(0, result.Errno);
        return result.Listener!;
    }
}
