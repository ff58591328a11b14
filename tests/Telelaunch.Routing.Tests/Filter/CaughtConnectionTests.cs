using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Telelaunch.Routing.Filter;

namespace Telelaunch.Routing.Tests.Filter;

/// <summary>What programs see whose connections are caught.</summary>
public class CaughtConnectionTests
{
    private const string Service4 = "10.96.0.5";
    private const string Service6 = "fd00:10:96::5";

    [Theory]
    [InlineData(Service4)]
    [InlineData(Service6)]
    public void Open_ConnectsToWhereTheProgramWantedToGo(string service)
    {
        using var caught = new CaughtNamespace();
        Process client = caught.Namespace.Start("/usr/bin/python3", "-c", $"""
            import socket
            s = socket.create_connection(("{service}", 80))
            print(s.getpeername()[:2], s.getsockname()[0])
            s.sendall(b"x" * 100000); s.shutdown(socket.SHUT_WR)
            print(len(b"".join(iter(lambda: s.recv(65536), b""))))
            """);
        HeldSyn syn = caught.NextQuestion();
        Assert.Equal(new IPEndPoint(IPAddress.Parse(service), 80), syn.Destination);
        Assert.False(caught.Listener.IPv4.Poll(0, SelectMode.SelectRead) || caught.Listener.IPv6!.Poll(0, SelectMode.SelectRead));

        Assert.True(caught.Queue.Decide(syn.Id, SynVerdict.Open));
        Socket accepted = (service == Service4 ? caught.Listener.IPv4 : caught.Listener.IPv6!).Accept();
        Assert.Equal(syn.Destination, TransparentListener.DestinationOf(accepted));
        Assert.Equal(syn.Source, accepted.RemoteEndPoint);
        CaughtNamespace.Echo(accepted);

        Outcome outcome = NetworkNamespace.Finish(client);
        Assert.Equal($"('{service}', 80) {(service == Service4 ? CaughtNamespace.Own4 : CaughtNamespace.Own6)}\n100000\n", outcome.Output);
        Assert.False(caught.Queue.Decide(syn.Id, SynVerdict.Drop));
        Assert.Empty(caught.Questions);
    }

    [Theory]
    [InlineData(Service4, SynVerdict.Refused, "ECONNREFUSED")]
    [InlineData(Service4, SynVerdict.HostUnreachable, "EHOSTUNREACH")]
    [InlineData(Service4, SynVerdict.NetUnreachable, "ENETUNREACH")]
    [InlineData(Service6, SynVerdict.Refused, "ECONNREFUSED")]
    [InlineData(Service6, SynVerdict.HostUnreachable, "EHOSTUNREACH")]
    [InlineData(Service6, SynVerdict.NetUnreachable, "ENETUNREACH")]
    public void NonBlockingConnect_IsInProgressUntilTheVerdict(string service, SynVerdict verdict, string errno)
    {
        using var caught = new CaughtNamespace();
        Process client = caught.Namespace.Start("/usr/bin/python3", "-c", $"""
            import errno, select, socket
            s = socket.socket(socket.AF_INET6 if ":" in "{service}" else socket.AF_INET)
            s.setblocking(False)
            print(errno.errorcode[s.connect_ex(("{service}", 81))], select.select([], [s], [], 0)[1], flush=True)
            input()
            print(select.select([], [s], [], 0)[1], flush=True)
            input()
            select.select([], [s], [])
            print(errno.errorcode[s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)])
            """);
        Assert.Equal("EINPROGRESS []", client.StandardOutput.ReadLine());
        HeldSyn syn = caught.NextQuestion();
        client.StandardInput.WriteLine();
        Assert.Equal("[]", client.StandardOutput.ReadLine());
        caught.Queue.Decide(syn.Id, verdict);
        client.StandardInput.WriteLine();

        Assert.Equal(errno + "\n", NetworkNamespace.Finish(client).Output);
    }

    [Theory]
    [InlineData(SynVerdict.Refused, "ECONNREFUSED")]
    [InlineData(SynVerdict.HostUnreachable, "EHOSTUNREACH")]
    [InlineData(SynVerdict.NetUnreachable, "ENETUNREACH")]
    public void BlockingConnect_SeesTheVerdict(SynVerdict verdict, string errno)
    {
        using var caught = new CaughtNamespace { Answer = _ => verdict };

        Assert.Equal($"{errno} {errno}", caught.Namespace.Python($"""
            import errno, socket
            def result(family, address): return errno.errorcode[socket.socket(family).connect_ex((address, 81))]
            print(result(socket.AF_INET, "{Service4}"), result(socket.AF_INET6, "{Service6}"))
            """));
    }

    [Fact]
    public void Drop_LeavesTheProgramConnecting_AndAsksAgain()
    {
        using var caught = new CaughtNamespace();
        Process client = caught.Namespace.Start("/usr/bin/python3", "-c", $"""
            import socket
            s = socket.create_connection(("{Service4}", 80)); print(s.recv(10).decode())
            """);
        HeldSyn first = caught.NextQuestion();
        caught.Queue.Decide(first.Id, SynVerdict.Drop);
        Assert.Contains("SYN-SENT", caught.Namespace.Check("ss", "-tan"), StringComparison.Ordinal);
        HeldSyn second = caught.NextQuestion();
        Assert.Equal(first.Source, second.Source);
        Assert.NotEqual(first.Id, second.Id);
        caught.Queue.Decide(second.Id, SynVerdict.Open);
        using (Socket accepted = caught.Listener.IPv4.Accept())
            accepted.Send("hello"u8);

        Assert.Equal("hello\n", NetworkNamespace.Finish(client).Output);
    }

    [Fact]
    public void RetransmittedSyn_OfAHeldOne_IsNoQuestion()
    {
        using var caught = new CaughtNamespace();
        Process client = caught.Namespace.Start("/usr/bin/python3", "-c", $"""
            import socket, struct
            s = socket.socket(); s.setblocking(False); s.connect_ex(("{Service4}", 80))
            # tcpi_retransmits and tcpi_total_retrans tell that the kernel has sent it again.
            while s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[2] < 2: pass
            print("twice", flush=True)
            s.setblocking(True); print(s.recv(10).decode())
            """);
        HeldSyn syn = caught.NextQuestion();
        Assert.Equal("twice", client.StandardOutput.ReadLine());
        // A question that comes now was asked behind the retransmissions.
        caught.Namespace.Python($"import socket; s = socket.socket(); s.setblocking(False); s.connect_ex(('{Service4}', 99))");
        Assert.Equal(99, caught.NextQuestion().Destination.Port);
        caught.Queue.Decide(syn.Id, SynVerdict.Open);
        using (Socket accepted = caught.Listener.IPv4.Accept())
            accepted.Send("hello"u8);

        Assert.Equal("hello\n", NetworkNamespace.Finish(client).Output);
    }

    [Theory]
    [InlineData(Service4)]
    [InlineData(Service6)]
    public void Udp_IsRefused(string service)
    {
        using var caught = new CaughtNamespace();

        Assert.Equal("ECONNREFUSED", caught.Namespace.Python($"""
            import errno, socket
            s = socket.socket(socket.AF_INET6 if ":" in "{service}" else socket.AF_INET, socket.SOCK_DGRAM)
            s.connect(("{service}", 53)); s.send(b"question")
            try: s.recv(10)
            except OSError as e: print(errno.errorcode[e.errno])
            """));
    }

    [Theory]
    [InlineData(Service4, "EHOSTUNREACH")]
    [InlineData(Service6, "EACCES")]
    public void Ping_IsAnsweredByAnError(string service, string errno)
    {
        using var caught = new CaughtNamespace(("net.ipv4.ping_group_range", "0 0"));

        Assert.Equal(errno, caught.Namespace.Python($"""
            import errno, socket
            v6 = ":" in "{service}"
            s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, 58) if v6 else socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1)
            s.connect(("{service}", 0))
            # Ping sockets are told of errors where they ask for them: IP_RECVERR, IPV6_RECVERR.
            s.setsockopt(41 if v6 else 0, 25 if v6 else 11, 1)
            s.send(bytes([128 if v6 else 8, 0, 0, 0, 0, 0, 0, 1]) + b"payload.")
            try: print(s.recv(100))
            except OSError as e: print(errno.errorcode[e.errno])
            """));
    }

    [Fact]
    public void ManyConnections_AtOnce()
    {
        const int Count = 1000;
        using var caught = new CaughtNamespace();
        Process client = caught.Namespace.Start("/usr/bin/python3", "-c", $"""
            import resource, selectors, socket
            resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
            every = selectors.DefaultSelector()
            for i in range({Count}):
                s = socket.socket(); s.setblocking(False); s.connect_ex(("{Service4}", 1000 + i)); every.register(s, selectors.EVENT_WRITE, i)
            opened = refused = 0
            while every.get_map():
                for key, _ in every.select():
                    every.unregister(key.fileobj)
                    if key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR): refused += 1
                    else: opened += 1
            print(opened, refused)
            """);
        HeldSyn[] syns = [.. Enumerable.Range(0, Count).Select(_ => caught.NextQuestion())];
        Assert.Equal(Count, caught.Queue.HeldCount);
        Parallel.ForEach(syns, syn => caught.Queue.Decide(syn.Id, syn.Destination.Port % 2 == 0 ? SynVerdict.Open : SynVerdict.Refused));
        var ports = new HashSet<int>();
        for (int i = 0; i < Count / 2; i++)
        {
            using Socket accepted = caught.Listener.IPv4.Accept();
            ports.Add(TransparentListener.DestinationOf(accepted).Port);
        }

        Assert.Equal($"{Count / 2} {Count / 2}\n", NetworkNamespace.Finish(client).Output);
        Assert.Equal(Enumerable.Range(0, Count / 2).Select(i => 1000 + (2 * i)), ports.Order());
        Assert.Empty(caught.Questions);
    }

    [Fact]
    public void StrictSettings_DontMatter()
    {
        using var caught = new CaughtNamespace(
            ("net.ipv4.conf.all.rp_filter", "1"), ("net.ipv4.conf.default.rp_filter", "1"), ("net.ipv4.conf.lo.rp_filter", "1"), ("net.ipv4.conf.all.route_localnet", "0"), ("net.ipv4.conf.all.log_martians", "1"))
        {
            Answer = _ => SynVerdict.Open,
        };
        Assert.Empty(caught.Namespace.Check("ip", "route", "show", "default"));
        Process client = caught.Namespace.Start("/usr/bin/python3", "-c", $"""
            import socket
            s = socket.create_connection(("{Service4}", 80)); s.sendall(b"over and out"); s.shutdown(socket.SHUT_WR); print(s.recv(100).decode())
            """);
        CaughtNamespace.Echo(caught.Listener.IPv4.Accept());

        Assert.Equal("over and out\n", NetworkNamespace.Finish(client).Output);
    }

    [Fact]
    public void TranslationOfLocalAddresses_TakesNothingAway()
    {
        using var caught = new CaughtNamespace { Answer = _ => SynVerdict.Open };
        // What Docker does for a published port, `docker run -p 80:8080`.
        caught.Namespace.Check("nft", "add table ip nat; add chain ip nat OUTPUT { type nat hook output priority -100; }; add rule ip nat OUTPUT fib daddr type local tcp dport 80 dnat to 127.0.0.1:8080");
        Process client = caught.Namespace.Start("/usr/bin/python3", "-c", $"""
            import socket
            s = socket.create_connection(("{Service4}", 80)); print(s.recv(100).decode())
            """);
        Assert.Equal(80, caught.NextQuestion().Destination.Port);
        using (Socket accepted = caught.Listener.IPv4.Accept())
            accepted.Send(Encoding.ASCII.GetBytes("the cluster"));

        Assert.Equal("the cluster\n", NetworkNamespace.Finish(client).Output);
    }
}
