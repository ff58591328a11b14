namespace Telelaunch.Routing.Tests.Resolver;

/// <summary>A real systemd-resolved on a bus of its own.</summary>
public class ResolvedResolverTests
{
    private const string Stub = "ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf";
    private const string Switch = "ln -s ../run/systemd/resolve/resolv.conf /etc/resolv.conf; echo 'hosts: files resolve [!UNAVAIL=return] dns' > /etc/nsswitch.conf";

    [Theory]
    [InlineData(Stub, "find")]
    [InlineData(Stub, "find-resolvectl")]
    [InlineData(Switch, "find")]
    public void OnlyTheClustersNames_GoToTheSplitServer_AndAllIsAsBefore_WithoutALostLookup(string setUp, string find)
    {
        using HostRoom room = Create(setUp);
        string before = State(room);
        ResolvingProcess resolving = room.Resolving();
        Lookups lookups = room.StartLookups();

        Assert.StartsWith("found systemd-resolved", resolving.Do(find), StringComparison.Ordinal);
        resolving.Do("link");
        Assert.Equal("", resolving.Do("apply"));

        Assert.Equal("10.96.0.5", room.LookUp("hello"));
        Assert.Equal("10.96.0.5", room.LookUp("hello.default"));
        Assert.Equal("10.96.0.5", room.LookUp("hello.default.svc.cluster.local"));
        Assert.Equal("192.0.2.53", room.LookUp("who.example"));
        Assert.Contains("hello.default.svc.cluster.local", room.Bash("resolvectl query 10.96.0.5"), StringComparison.Ordinal);
        string link = room.Bash("resolvectl status telelaunch0 --no-pager");
        Assert.Contains("-DefaultRoute -LLMNR -mDNS -DNSOverTLS DNSSEC=no", link, StringComparison.Ordinal);

        Assert.Equal("", resolving.Do("undo"));
        Assert.Equal("", room.LookUp("hello"));
        resolving.Do("unlink");
        Assert.Equal(before, State(room));
        Assert.Contains(" lookups, 0 lost", lookups.End(), StringComparison.Ordinal);
    }

    [Fact]
    public void AfterAKill_TheDaemonHasForgottenTheLink_AndTheCachesAreFlushed()
    {
        using HostRoom room = Create(Stub);
        string before = State(room);
        ResolvingProcess resolving = room.Resolving();
        Lookups lookups = room.StartLookups();
        resolving.Do("find");
        resolving.Do("link");
        resolving.Do("apply");
        Assert.Equal("10.96.0.5", room.LookUp("hello"));

        resolving.Kill();

        Assert.Equal("undone systemd-resolved has forgotten telelaunch0", room.Resolving().Do("undo-others"));
        Assert.Equal("", room.LookUp("hello"));
        Assert.Equal(before, State(room));
        Assert.Contains(" lookups, 0 lost", lookups.End(), StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherServerOfAnotherNetwork_IsTold()
    {
        using HostRoom room = Create(Stub);
        ResolvingProcess resolving = room.Resolving();
        Assert.Equal($"found systemd-resolved\nupstreams {HostRoom.Outside}", resolving.Do("find"));
        resolving.Do("link");
        resolving.Do("apply");

        // As a DHCP client that speaks to the daemon does.
        room.Bash($"resolvectl dns eth0 {HostRoom.OtherOutside}");

        Assert.Contains(HostRoom.OtherOutside, resolving.WaitFor("upstreams "), StringComparison.Ordinal);
        resolving.Do("undo");
    }

    [Fact]
    public void WithoutItsStubAndWithoutItsSwitch_TheFileIsWhatProgramsRead()
    {
        using HostRoom room = Create($"echo 'nameserver {HostRoom.Outside}' > /etc/resolv.conf");
        ResolvingProcess resolving = room.Resolving();

        Assert.Equal($"found /etc/resolv.conf\nupstreams {HostRoom.Outside}", resolving.Do("find"));
    }

    [Fact]
    public void WherePrograms_GoPastTheDaemonByItsList_TheListIsWhatIsAskedForTheRest()
    {
        using HostRoom room = Create("ln -s ../run/systemd/resolve/resolv.conf /etc/resolv.conf");
        ResolvingProcess resolving = room.Resolving();
        Assert.Equal($"found /etc/resolv.conf\nupstreams {HostRoom.Outside}", resolving.Do("find"));
        Assert.Equal("", resolving.Do("apply"));
        Assert.Equal("10.96.0.5", room.LookUp("hello"));

        // The daemon reads our file as any of a person's now, and puts our server into its list.
        room.Bash($"resolvectl query who.example > /run/first; resolvectl dns eth0 {HostRoom.OtherOutside}");

        string upstreams = resolving.WaitFor("upstreams ");
        Assert.Contains(HostRoom.OtherOutside, upstreams, StringComparison.Ordinal);
        Assert.DoesNotContain("127.84.53.53", upstreams, StringComparison.Ordinal);
        resolving.Do("undo");
        Assert.Equal("../run/systemd/resolve/resolv.conf\n", room.Bash("readlink /etc/resolv.conf"));
        room.Bash("resolvectl flush-caches; resolvectl query who.example > /run/first");
        Assert.DoesNotContain("127.84.53.53", room.Bash("cat /run/systemd/resolve/resolv.conf"), StringComparison.Ordinal);
    }

    [Fact]
    public void AStubThatNobodyServes_IsAFileLikeAnyOther()
    {
        using var room = new HostRoom("echo 'nameserver 127.0.0.53' > /etc/resolv.conf", "systemd-resolved", "libsystemd-shared");
        Assert.Equal("found /etc/resolv.conf\nupstreams 127.0.0.53", room.Resolving().Do("find"));
    }

    private static HostRoom Create(string setUp)
    {
        var room = new HostRoom(
            $"""
            echo systemd-resolve:x:998:998::/:/usr/sbin/nologin >> /etc/passwd
            echo systemd-resolve:x:998: >> /etc/group
            mkdir -p /run/dbus /run/systemd/resolve /etc/systemd
            chown 998:998 /run/systemd/resolve
            printf '[Resolve]\nDNS={HostRoom.Outside}\nFallbackDNS=\nLLMNR=no\nMulticastDNS=no\n' > /etc/systemd/resolved.conf
            {setUp}
            """,
            "systemd-resolved", "libsystemd-shared", "libnss-resolve");
        try
        {
            HostRoom.Expect(room.Start("dbus-daemon", $"--config-file={HostRoom.Beside("dbus.conf")}", "--nofork", "--print-address=1"), "unix:");
            room.Start("/usr/lib/systemd/systemd-resolved");
            room.Bash("until resolvectl statistics > /run/first 2>&1 && getent ahostsv4 who.example; do :; done");
            return room;
        }
        catch
        {
            room.Dispose();
            throw;
        }
    }

    private static string State(HostRoom room) => room.Contents("/etc", "/run/systemd/resolve") + room.Bash("resolvectl domain; resolvectl dns; resolvectl default-route");
}
