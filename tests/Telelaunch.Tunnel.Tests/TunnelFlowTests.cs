using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Telelaunch.Net;
using Telelaunch.Tunnel.Tests.Pod;

namespace Telelaunch.Tunnel.Tests;

public class TunnelFlowTests
{
    private readonly CancellationToken _token = new CancellationTokenSource(TimeSpan.FromSeconds(120)).Token;

    [Theory]
    [InlineData(CarrierKind.Direct)]
    [InlineData(CarrierKind.Ssh)]
    public async Task Open_DescribesPodAndReportsSteps(CarrierKind carrier)
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        var steps = new StepList();
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(carrier), _token, steps);

        Assert.Equal("agent-pod", tunnel.Pod.HostName);
        Assert.Equal(TunnelState.Up, tunnel.State.State);
        TunnelStep[] expected = carrier == CarrierKind.Ssh
            ? [TunnelStep.ForwardOpened, TunnelStep.SshSession, TunnelStep.MuxUp]
            : [TunnelStep.ForwardOpened, TunnelStep.MuxUp];
        Assert.Equal(expected, steps.Select(phase => phase.Step));
    }

    [Theory]
    [InlineData(CarrierKind.Direct)]
    [InlineData(CarrierKind.Ssh)]
    public async Task DialToClosedPort_IsRefused(CarrierKind carrier)
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(carrier), _token);
        var closed = new PodTarget(PodTarget.EchoAsync);
        await closed.DisposeAsync();

        DialResult result = await tunnel.DialAsync(closed.EndPoint, _token);

        Assert.Equal(Errno.ECONNREFUSED, result.Errno);
    }

    [Fact]
    public async Task Environment_IsTheContainers_AndFailsWithAReasonOnceTheTunnelIsClosed()
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        Tunnel tunnel = await pod.OpenAsync(pod.Options(CarrierKind.Ssh), _token);

        Assert.Equal(AgentEnd.Environment, await tunnel.ReadEnvironmentAsync(_token));

        await tunnel.DisposeAsync();
        var error = await Assert.ThrowsAsync<TunnelException>(async () => await tunnel.ReadEnvironmentAsync(_token));
        Assert.Equal("environment-not-read", error.Code);
    }

    [Theory]
    [InlineData(CarrierKind.Direct)]
    [InlineData(CarrierKind.Ssh)]
    public async Task Lookups_AreThePodsAnswers(CarrierKind carrier)
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(carrier), _token);

        AddressLookup found = await tunnel.LookUpAddressesAsync(FixedResolver.HostName, AddressFamilies.Both, _token);
        AddressLookup missing = await tunnel.LookUpAddressesAsync("nobody", AddressFamilies.Both, _token);
        NameLookupResult names = await tunnel.LookUpNamesAsync(FixedResolver.Address, _token);
        ReadOnlyMemory<byte> answer = await tunnel.QueryAsync(new byte[] { 1, 2, 3 }, _token);

        Assert.Equal([FixedResolver.Address], found.Addresses);
        Assert.Equal(LookupStatus.NoName, missing.Status);
        Assert.Equal([FixedResolver.HostName], names.Names);
        Assert.Equal([1, 2, 3], answer.ToArray());
    }

    [Theory]
    [InlineData(CarrierKind.Direct)]
    [InlineData(CarrierKind.Ssh)]
    public async Task HalfClose_KeepsTheOtherDirection(CarrierKind carrier)
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(carrier), _token);
        // Answers only after end of file, as with nc -N.
        await using var upFirst = new PodTarget(async (socket, token) =>
        {
            var buffer = new byte[100];
            int total = 0, count;
            while ((count = await socket.ReceiveAsync(buffer.AsMemory(total), token)) > 0)
                total += count;
            await socket.SendAsync(buffer.AsMemory(0, total), token);
        });
        // Ends its own side first, and reads on.
        var received = new TaskCompletionSource<byte>();
        await using var downFirst = new PodTarget(async (socket, token) =>
        {
            socket.Shutdown(SocketShutdown.Send);
            var one = new byte[1];
            await socket.ReceiveAsync(one, token);
            received.SetResult(one[0]);
        });

        await using (DuplexStream flow = await ConnectAsync(tunnel, upFirst))
        {
            await flow.WriteAsync("question"u8.ToArray(), _token);
            await flow.CompleteWritesAsync(_token);
            Assert.Equal("question"u8.ToArray(), await ReadToEndAsync(flow));
        }

        await using (DuplexStream flow = await ConnectAsync(tunnel, downFirst))
        {
            Assert.Empty(await ReadToEndAsync(flow));
            await flow.WriteAsync("x"u8.ToArray(), _token);
            Assert.Equal((byte)'x', await received.Task.WaitAsync(_token));
        }
    }

    [Theory]
    [InlineData(CarrierKind.Direct)]
    [InlineData(CarrierKind.Ssh)]
    public async Task TargetResets_FlowEndsWithThatErrnoAndNotEof(CarrierKind carrier)
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(carrier), _token);
        await using var target = new PodTarget(async (socket, token) =>
        {
            await socket.ReceiveAsync(new byte[1], token);
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
        });

        await using DuplexStream flow = await ConnectAsync(tunnel, target);
        await flow.WriteAsync("x"u8.ToArray(), _token);
        FlowException error = await Assert.ThrowsAsync<FlowException>(async () => await ReadToEndAsync(flow));

        Assert.Equal(Errno.ECONNRESET, error.Errno);
    }

    [Theory]
    [InlineData(CarrierKind.Direct)]
    [InlineData(CarrierKind.Ssh)]
    public async Task HundredMebibytesEachWay_AreByteIdentical(CarrierKind carrier)
    {
        const int Size = 100 << 20;
        await using TestPod pod = await TestPod.StartAsync(_token);
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(carrier), _token);
        await using var target = new PodTarget(PodTarget.EchoAsync);
        byte[] sent = RandomNumberGenerator.GetBytes(Size);

        await using DuplexStream flow = await ConnectAsync(tunnel, target);
        Task write = WriteAllAsync(flow, sent);
        byte[] received = new byte[Size];
        int total = 0, count;
        while ((count = await flow.ReadAsync(received.AsMemory(total), _token)) > 0)
            total += count;
        await write;

        Assert.Equal(Size, total);
        Assert.Equal(SHA256.HashData(sent), SHA256.HashData(received));
    }

    [Theory]
    [InlineData(CarrierKind.Direct, 1)]
    [InlineData(CarrierKind.Ssh, 1)]
    [InlineData(CarrierKind.Direct, 3)]
    public async Task HundredFlowsAtOnce_EachGetItsOwnBytes(CarrierKind carrier, int carriers)
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(carrier) with { Carriers = carriers }, _token);
        await using var target = new PodTarget(PodTarget.EchoAsync);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            byte[] sent = RandomNumberGenerator.GetBytes(10_000 + i);
            await using DuplexStream flow = await ConnectAsync(tunnel, target);
            Task write = WriteAllAsync(flow, sent);
            Assert.Equal(sent, await ReadToEndAsync(flow));
            await write;
        }));
        Assert.Equal(0, tunnel.OpenFlows);
    }

    [Theory]
    [InlineData(CarrierKind.Direct)]
    [InlineData(CarrierKind.Ssh)]
    public async Task CancelledDial_LeavesTheTunnelUsable(CarrierKind carrier)
    {
        await using TestPod pod = await TestPod.StartAsync(_token);
        await using Tunnel tunnel = await pod.OpenAsync(pod.Options(carrier), _token);
        await using var target = new PodTarget(PodTarget.EchoAsync);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await tunnel.DialAsync(target.EndPoint, new CancellationToken(true)));
        await using DuplexStream flow = await ConnectAsync(tunnel, target);
        using var cancelled = new CancellationTokenSource();
        ValueTask<int> read = flow.ReadAsync(new byte[1], cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);

        await flow.WriteAsync("still"u8.ToArray(), _token);
        await flow.CompleteWritesAsync(_token);
        Assert.Equal("still"u8.ToArray(), await ReadToEndAsync(flow));
    }

    private async Task<DuplexStream> ConnectAsync(Tunnel tunnel, PodTarget target)
    {
        DialResult result = await tunnel.DialAsync(target.EndPoint, _token);
        Assert.Equal(0, result.Errno);
        Assert.NotNull(result.PodEndPoint);
        return result.Stream!;
    }

    private async Task WriteAllAsync(DuplexStream flow, byte[] bytes)
    {
        for (int offset = 0; offset < bytes.Length; offset += 256 * 1024)
            await flow.WriteAsync(bytes.AsMemory(offset, Math.Min(256 * 1024, bytes.Length - offset)), _token);
        await flow.CompleteWritesAsync(_token);
    }

    private async Task<byte[]> ReadToEndAsync(DuplexStream flow)
    {
        var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int count;
        while ((count = await flow.ReadAsync(buffer, _token)) > 0)
            all.Write(buffer, 0, count);
        return all.ToArray();
    }

    private sealed class StepList : List<TunnelPhase>, IProgress<TunnelPhase>
    {
        public void Report(TunnelPhase value) => Add(value);
    }
}
