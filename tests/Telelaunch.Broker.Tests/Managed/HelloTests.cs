using System.Net.Sockets;
using Telelaunch.Broker.Managed;

namespace Telelaunch.Broker.Tests.Managed;

/// <summary>Processes that say what they are, through the broker's own socket.</summary>
public class HelloTests
{
    [Fact]
    public async Task GoldenVectors_AreToldAsTheyAreMeant_OrRefused()
    {
        await using TestSession session = await TestSession.StartAsync();
        foreach (GoldenVector vector in GoldenVector.Read("hello.txt"))
        {
            await SendAsync(session, vector.Bytes);
            if (vector["valid"] == "no")
                continue;
            HelloRecord hello = await session.NextRecordAsync<HelloRecord>();
            Assert.Equal(
                (vector["source"], vector["status"], vector["slots"], vector["runtime"], vector["application"]),
                ($"{(int)hello.Source}", $"{hello.Errno}", $"{hello.Slots}", hello.Runtime, hello.Application));
            Assert.Equal(Environment.ProcessId, hello.ProcessId);
        }

        Assert.DoesNotContain(session.TakeRecords(), record => record is HelloRecord);
    }

    [Fact]
    public async Task TextOfAnApplication_CantActOnTheTerminal()
    {
        await using TestSession session = await TestSession.StartAsync();
        await SendAsync(session, [1, 8, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. "\u001b[2J\u202e\n"u8, 0, .. "ok\u009b1m"u8, 0xff, 0]);

        HelloRecord hello = await session.NextRecordAsync<HelloRecord>();
        Assert.Equal((@"\u{1b}[2J\u{202e}\u{a}", "ok\\u{9b}1m\ufffd"), (hello.Runtime, hello.Application));
    }

    [Fact]
    public async Task TextThatGoesOn_IsCut()
    {
        await using TestSession session = await TestSession.StartAsync();
        await SendAsync(session, [1, 8, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. new string('x', 60_000).Select(letter => (byte)letter), 0, 0]);

        Assert.Equal(new string('x', 256) + "…", (await session.NextRecordAsync<HelloRecord>()).Runtime);
    }

    [Fact]
    public async Task Environment_NamesTheHook_AndWhetherItTraces()
    {
        await using TestSession session = await TestSession.StartAsync();
        Assert.DoesNotContain("TELELAUNCH_HOOK", session.Broker.GetEnvironment("/shim.so", null, null).Keys);
        // Without a shim a woven application takes the hook by itself, and has to find the session.
        IReadOnlyDictionary<string, string> woven = session.Broker.GetEnvironment(null, null, null, new("/hook.dll", Traces: true));
        Assert.Equal(("/hook.dll", session.Broker.SessionPath), (woven["TELELAUNCH_HOOK"], woven["TELELAUNCH_SESSION"]));
        Assert.DoesNotContain("LD_PRELOAD", woven.Keys);

        IReadOnlyDictionary<string, string> quiet = session.Broker.GetEnvironment("/shim.so", null, null, new("/hook.dll", Traces: false));
        Assert.Equal("/hook.dll", quiet["TELELAUNCH_HOOK"]);
        Assert.DoesNotContain("TELELAUNCH_TRACE", quiet.Keys);
        Assert.Equal("1", session.Broker.GetEnvironment("/shim.so", null, null, new("/hook.dll", Traces: true))["TELELAUNCH_TRACE"]);
    }

    /// <summary>Sends one packet and waits until the broker has closed: it is told by then.</summary>
    private static async Task SendAsync(TestSession session, byte[] packet)
    {
        using var peer = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        await peer.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(session.Broker.SessionPath, "control")));
        await peer.SendAsync(packet);
        Assert.Equal(0, await peer.ReceiveAsync(new byte[16]));
    }
}
