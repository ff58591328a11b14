using System.Net;

using Telelaunch.Mux.Carriers;
using Telelaunch.Net;

namespace Telelaunch.Mux.Tests;

/// <summary>Every frame, as it stands on the wire.</summary>
public sealed class VectorTests
{
    private static readonly byte[] s_agentNonce = [.. Enumerable.Repeat((byte)0xaa, 32)];
    private static readonly byte[] s_clientNonce = [.. Enumerable.Repeat((byte)0xbb, 32)];

    [Fact]
    public void Handshake_IsAsWrittenDown()
    {
        byte[] hello = new byte[Handshake.HelloSize];
        Handshake.WriteHello(hello, s_agentNonce);
        Assert.Equal(RawPeer.Vector("agent-hello"), hello);
        Handshake.WriteHello(hello, s_clientNonce);
        Assert.Equal(RawPeer.Vector("client-hello"), hello);
        Assert.Equal(RawPeer.Vector("client-proof"), Handshake.Prove(MuxSession.Secret, "telelaunch client v1"u8, s_agentNonce, s_clientNonce));
        Assert.Equal(RawPeer.Vector("agent-proof"), Handshake.Prove(MuxSession.Secret, "telelaunch agent v1"u8, s_agentNonce, s_clientNonce));
    }

    [Fact]
    public async Task Pod_IsTold()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using (client)
        await using (agent)
        {
            Assert.Equal(MuxSession.Pod.HostName, client.Pod.HostName);
            Assert.Equal(MuxSession.Pod.Addresses, client.Pod.Addresses);
            Assert.Equal(MuxSession.Pod.NameServers, client.Pod.NameServers);
            Assert.Equal(MuxSession.Pod.SearchDomains, client.Pod.SearchDomains);
            Assert.Equal(5, client.Pod.Ndots);
            Assert.Equal("0.1.0", client.Pod.AgentVersion);
        }

        (MuxServer server, RawPeer rawClient, _) = await RawPeer.WithServerAsync();
        await rawClient.ExpectAsync("pod");
        await rawClient.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task ClientsFlow_IsAsWrittenDown()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using MuxClient ownedClient = client;
        await using RawPeer ownedAgent = agent;
        ValueTask<DialResult> dial = client.DialAsync(FakePod.Live, "GET"u8.ToArray(), CancellationToken.None);
        await agent.ExpectAsync("open-ipv4");
        await agent.SendAsync("opened");
        DialResult result = await dial;
        Assert.Equal(FakePod.PodEnd, result.PodEndPoint);
        ValueTask<DialResult> dial6 = client.DialAsync(IPEndPoint.Parse("[fd00::20]:443"), CancellationToken.None);
        await agent.ExpectAsync("open-ipv6");

        await result.Stream!.WriteAsync("hello"u8.ToArray(), CancellationToken.None);
        await agent.ExpectAsync("data");
        await agent.SendAsync(Telelaunch.Mux.Frames.FrameType.Data, 1, new byte[16_384]);
        byte[] buffer = new byte[16_384];
        for (int read = 0; read < buffer.Length;)
            read += await result.Stream.ReadAsync(buffer.AsMemory(read), CancellationToken.None);
        await agent.ExpectAsync("credit");
        await result.Stream.CompleteWritesAsync(CancellationToken.None);
        await agent.ExpectAsync("fin");
        result.Stream.Abort();
        await agent.ExpectAsync("rst");
        await agent.SendAsync("ping");
        await agent.ExpectAsync("pong");
        await agent.SendAsync("datagram");
        await agent.SettleAsync();
        await agent.SendAsync("goaway");
        await agent.SettleAsync();
        Assert.Equal("bye", client.GoAwayReason);
        await agent.DisposeAsync();
        Assert.Equal(Errno.ENETUNREACH, (await dial6).Errno);
    }

    [Fact]
    public async Task ClientsFailure_IsAsWrittenDown()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using MuxClient ownedClient = client;
        await using RawPeer ownedAgent = agent;
        ValueTask<DialResult> dial = client.DialAsync(FakePod.Live, "GET"u8.ToArray(), CancellationToken.None);
        await agent.ExpectAsync("open-ipv4");
        await agent.SendAsync("failed");
        Assert.Equal(Errno.ECONNREFUSED, (await dial).Errno);
    }

    [Fact]
    public async Task AgentsFlow_IsAsWrittenDown()
    {
        (MuxServer server, RawPeer client, FakePod pod) = await RawPeer.WithServerAsync();
        await using MuxServer ownedServer = server;
        await using RawPeer ownedClient = client;
        await client.ExpectAsync("pod");
        await client.SendAsync("open-ipv4");
        await client.ExpectAsync("opened");
        await using DuplexStream target = await pod.NextTargetAsync();
        await target.WriteAsync("hello"u8.ToArray(), CancellationToken.None);
        await client.ExpectAsync("data");
        target.Abort();
        await client.ExpectAsync("rst");
    }

    [Fact]
    public async Task AgentsFin_IsAsWrittenDown()
    {
        (MuxServer server, RawPeer client, FakePod pod) = await RawPeer.WithServerAsync();
        await using MuxServer ownedServer = server;
        await using RawPeer ownedClient = client;
        await client.ExpectAsync("pod");
        await client.SendAsync("open-ipv4");
        await client.ExpectAsync("opened");
        await using DuplexStream target = await pod.NextTargetAsync();
        await target.CompleteWritesAsync(CancellationToken.None);
        await client.ExpectAsync("fin");
    }

    [Fact]
    public async Task ClientsLookups_AreAsWrittenDown()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using MuxClient ownedClient = client;
        await using RawPeer ownedAgent = agent;
        ValueTask<AddressLookup> addresses = client.LookUpAddressesAsync("hello", AddressFamilies.Both, CancellationToken.None);
        await agent.ExpectAsync("resolve-addresses");
        await agent.SendAsync("resolved-addresses");
        AddressLookup found = await addresses;
        Assert.Equal(["10.96.0.20", "fd00::20"], found.Addresses.Select(a => a.ToString()));
        Assert.Equal("hello.default.svc.cluster.local", found.CanonicalName);
        Assert.Equal(TimeSpan.FromSeconds(5), found.TimeToLive);
        ValueTask<NameLookupResult> names = client.LookUpNamesAsync(IPAddress.Parse("10.96.0.20"), CancellationToken.None);
        await agent.ExpectAsync("resolve-names");
        await agent.SendAsync("resolved-names");
        Assert.Equal(["a.example", "b.example"], (await names).Names);
        ValueTask<ReadOnlyMemory<byte>> query = client.QueryAsync(new byte[] { 10, 11, 12 }, CancellationToken.None);
        await agent.ExpectAsync("resolve-query");
        await agent.SendAsync("resolved-query");
        Assert.Equal([12, 11, 10], (await query).ToArray());
    }

    [Fact]
    public async Task AgentsLookups_AreAsWrittenDown()
    {
        (MuxServer server, RawPeer client, _) = await RawPeer.WithServerAsync();
        await using MuxServer ownedServer = server;
        await using RawPeer ownedClient = client;
        await client.ExpectAsync("pod");
        await client.SendAsync("resolve-addresses");
        await client.ExpectAsync("resolved-addresses");
        await client.SendAsync("resolve-names");
        await client.ExpectAsync("resolved-names");
        await client.SendAsync("resolve-query");
        await client.ExpectAsync("resolved-query");
    }

    [Fact]
    public async Task ClientsEnvironment_IsAskedForUntilAllOfItIsThere()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using MuxClient ownedClient = client;
        await using RawPeer ownedAgent = agent;
        ValueTask<byte[]?> environment = client.ReadEnvironmentAsync(CancellationToken.None);
        await agent.ExpectAsync("environment");
        await agent.SendAsync("resolved-environment-first");
        await agent.ExpectAsync("environment-rest");
        await agent.SendAsync("resolved-environment-rest");
        Assert.Equal(new FakePod().Environment, await environment);
    }

    [Fact]
    public async Task AgentsEnvironment_IsAsWrittenDown()
    {
        (MuxServer server, RawPeer client, _) = await RawPeer.WithServerAsync();
        await using MuxServer ownedServer = server;
        await using RawPeer ownedClient = client;
        await client.ExpectAsync("pod");
        await client.SendAsync("environment");
        await client.ExpectAsync("resolved-environment");
        await client.SendAsync("environment-rest");
        await client.ExpectAsync("resolved-environment-rest");
        await client.SendAsync("environment-behind");
        await client.ExpectAsync("resolved-environment-behind");
    }

    [Fact]
    public async Task UnknownName_IsAsWrittenDown()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using MuxClient ownedClient = client;
        await using RawPeer ownedAgent = agent;
        ValueTask<AddressLookup> lookup = client.LookUpAddressesAsync("hello", AddressFamilies.Both, CancellationToken.None);
        await agent.ExpectAsync("resolve-addresses");
        await agent.SendAsync("resolved-no-name");
        AddressLookup unknown = await lookup;
        Assert.Equal(LookupStatus.NoName, unknown.Status);
        Assert.Equal(TimeSpan.FromSeconds(30), unknown.TimeToLive);
    }

    [Fact]
    public async Task Listening_IsAsWrittenDown()
    {
        (MuxServer server, RawPeer client, FakePod pod) = await RawPeer.WithServerAsync();
        await using MuxServer ownedServer = server;
        await using RawPeer ownedClient = client;
        await client.ExpectAsync("pod");
        await client.SendAsync("listen");
        await client.ExpectAsync("listening");
        await using DuplexStream caller = await pod.Listener.ConnectAsync(IPEndPoint.Parse("10.244.0.9:50000"));
        await client.ExpectAsync("accepted");
    }

    [Fact]
    public async Task ClientsListening_IsAsWrittenDown()
    {
        (MuxClient client, RawPeer agent) = await RawPeer.WithClientAsync();
        await using MuxClient ownedClient = client;
        await using RawPeer ownedAgent = agent;
        var caller = new TaskCompletionSource<IPEndPoint>();
        ValueTask<MuxListenResult> listen = client.ListenAsync(IPEndPoint.Parse("0.0.0.0:8080"), Accept, CancellationToken.None);
        await agent.ExpectAsync("listen");
        await agent.SendAsync("listening");
        Assert.Equal(IPEndPoint.Parse("0.0.0.0:8080"), (await listen).Listener!.PodEndPoint);
        await agent.SendAsync("accepted");
        Assert.Equal(IPEndPoint.Parse("10.244.0.9:50000"), await caller.Task);

        ValueTask<DialResult> Accept(IPEndPoint from, CancellationToken cancellationToken)
        {
            caller.SetResult(from);
            return ValueTask.FromResult(DialResult.Failed(Errno.ECONNREFUSED));
        }
    }

    [Fact]
    public async Task GoAway_IsAsWrittenDown()
    {
        (MuxServer server, RawPeer client, _) = await RawPeer.WithServerAsync();
        await using RawPeer ownedClient = client;
        await client.ExpectAsync("pod");
        await server.GoAwayAsync("bye");
        await client.ExpectAsync("goaway");
    }
}
