using System.Net.Sockets;
using Telelaunch.Bench.Routes.Vpn;

namespace Telelaunch.Bench.Tests.Routes.Vpn;

public sealed class ReadinessSocketTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    [Fact]
    public async Task Wait_EndsWithTheMessageThatSaysReady_WhateverElseStandsInIt_AndNotBefore()
    {
        using var ready = new ReadinessSocket(_scratch.Path);
        using var program = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        await program.ConnectAsync(new UnixDomainSocketEndPoint(ready.Path));
        using var stop = new CancellationTokenSource();
        program.Send("STATUS=READY=1 soon"u8);
        var waiting = ready.WaitAsync(stop.Token);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        program.Send("READY=1\nSTATUS=Connected"u8);
        await ready.WaitAsync(CancellationToken.None);
    }

    [Fact]
    public void Dispose_LeavesNoFile()
    {
        var ready = new ReadinessSocket(_scratch.Path);
        Assert.True(File.Exists(ready.Path));

        ready.Dispose();

        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch.Path));
    }

    public void Dispose() => _scratch.Dispose();
}
