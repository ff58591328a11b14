using System.Net;
using Telelaunch.Broker.Ports;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests.Ports;

/// <summary>Real programs under the real shim: what they listen on is known, what they connect to on loopback goes where it should.</summary>
public sealed class ShimListenerTests
{
    private const string Server = """
        import os, socket, sys
        kind = sys.argv[1]
        family = socket.AF_INET6 if kind == "ipv6" else socket.AF_INET
        server = socket.socket(family)
        server.bind(("::1" if kind == "ipv6" else "0.0.0.0", 0))
        server.listen()
        if kind == "inherited":
            # As reload servers do: the parent binds and listens, a child goes on with the descriptor.
            os.set_inheritable(server.fileno(), True)
            if os.fork() == 0:
                os.execv(sys.executable, [sys.executable, "-c",
                    f"import socket, sys; s = socket.socket(fileno={server.fileno()}); print(s.getsockname()[1], flush=True); sys.stdin.readline()"])
            os.wait()
        else:
            print(server.getsockname()[1], flush=True)
            sys.stdin.readline()
        """;

    [Theory]
    [InlineData("ipv4")]
    [InlineData("ipv6")]
    [InlineData("inherited")]
    public async Task ListenerOfTheCommand_IsKnown_WithThePortThatTheKernelChose(string kind)
    {
        await using TestSession session = await TestSession.StartAsync(options => options with { FollowsListeners = true });
        Task told = session.Broker.AppListeners.Grown;
        await using ShimProgram program = session.Start("python3", "-c", Server, kind);
        int port = int.Parse((await program.LineAsync())!, System.Globalization.CultureInfo.InvariantCulture);

        // The shim tells before listen() returns, but the broker reads on a thread of its own.
        await told.WaitAsync(ShimProgram.Patience);
        ListeningSocket listening = Told(session)[port];
        Assert.Equal(kind == "ipv6" ? IPAddress.IPv6Loopback : IPAddress.Any, listening.EndPoint.Address);

        await program.GoOnAsync();
        await program.FinishAsync();
        Assert.Empty(Told(session));
    }

    private const string Connect = """
        import socket, sys
        for address in ("127.0.0.1", "::1"):
            try:
                with socket.create_connection((address, int(sys.argv[1]))) as connection:
                    connection.sendall(b"ping")
                    print(connection.recv(4).decode(), connection.getpeername()[0], connection.getsockname()[0])
            except OSError as error:
                print(error.errno)
        """;

    [Fact]
    public async Task ListedLoopbackPort_IsDialledInThePod_WithItsErrno()
    {
        var asked = new List<IPEndPoint>();
        await using TestSession session = await TestSession.StartAsync(options => options with { PodPorts = [5432], Dialer = DialAsync });
        await using ShimProgram program = session.Start("python3", "-c", Connect, "5432");

        Assert.Equal(["111", "111"], await program.FinishAsync());
        Assert.Equal(["127.0.0.1:5432", "[::1]:5432", "127.0.0.1:5432", "[::1]:5432"], asked.Select(endPoint => endPoint.ToString()));

        ValueTask<DialResult> DialAsync(IPEndPoint destination, CancellationToken cancellationToken)
        {
            lock (asked)
                asked.Add(destination);
            return ValueTask.FromResult(DialResult.Failed(destination.Address.Equals(IPAddress.Loopback) ? Errno.ECONNREFUSED : Errno.EADDRNOTAVAIL));
        }
    }

    private static Dictionary<int, ListeningSocket> Told(TestSession session) =>
        session.Broker.AppListeners.Look(ListeningSockets.Read).Told.ToDictionary(socket => socket.EndPoint.Port);
}
