namespace Telelaunch.Routing.Tests.Resolver;

/// <summary>The real programs called resolvconf.</summary>
public class ResolvconfResolverTests
{
    private const string Openresolv = "openresolv";
    private const string Debian = "resolvconf";

    [Theory]
    [InlineData(Openresolv, "undo")]
    [InlineData(Openresolv, "kill")]
    [InlineData(Debian, "undo")]
    [InlineData(Debian, "kill")]
    public void OurRecordIsTheFirst_AndAllIsAsBefore_WithoutALostLookup(string package, string end)
    {
        using HostRoom room = Create(package);
        string before = State(room);
        ResolvingProcess resolving = room.Resolving();
        Lookups lookups = room.StartLookups();

        Assert.Equal($"found {package}\nupstreams {HostRoom.Outside}", resolving.Do("find"));
        Assert.Equal("", resolving.Do("apply"));

        Assert.Equal("10.96.0.5", room.LookUp("hello"));
        Assert.Equal("192.0.2.84", room.LookUp("who.example"));
        Assert.Contains("search default.svc.cluster.local svc.cluster.local cluster.local corp.example", room.Bash("cat /etc/resolv.conf"), StringComparison.Ordinal);
        Assert.Contains("lo.telelaunch", room.Bash("resolvconf -i"), StringComparison.Ordinal);
        End(room, resolving, end);
        Assert.Equal("192.0.2.53", room.LookUp("who.example"));
        Assert.Equal(before, State(room));
        Assert.Contains(" lookups, 0 lost", lookups.End(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Openresolv, "undo")]
    [InlineData(Openresolv, "kill")]
    [InlineData(Debian, "undo")]
    [InlineData(Debian, "kill")]
    public void ALeaseThatComesMeanwhile_IsAskedFromThen_AndStaysAtTheEnd(string package, string end)
    {
        using HostRoom room = Create(package);
        ResolvingProcess resolving = room.Resolving();
        Lookups lookups = room.StartLookups();
        resolving.Do("find");
        resolving.Do("apply");

        room.Bash($"printf 'nameserver {HostRoom.OtherOutside}\\n' | resolvconf -a eth0.dhclient");

        Assert.Equal($"upstreams {HostRoom.OtherOutside}", resolving.WaitFor("upstreams "));
        Assert.Equal("192.0.2.84", room.LookUp("who.example"));
        End(room, resolving, end);
        Assert.Equal("192.0.2.54", room.LookUp("who.example"));
        Assert.DoesNotContain("cluster.local", room.Bash("cat /etc/resolv.conf"), StringComparison.Ordinal);
        // openresolv writes the file in place while the lease comes: that moment is its own.
        string said = lookups.End();
        if (package == Debian) Assert.Contains(" lookups, 0 lost", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Openresolv, "echo \"resolv_conf_local_only=NO\nname_servers='9.9.9.9'\" >> /etc/resolvconf.conf")]
    [InlineData(Debian, "echo 'nameserver 9.9.9.9' >> /etc/resolvconf/resolv.conf.d/head")]
    public void WhereOthersComeFirst_TheFileIsReplacedInstead(string package, string setUp)
    {
        using HostRoom room = Create(package, setUp);
        string before = State(room);
        ResolvingProcess resolving = room.Resolving();
        resolving.Do("find");

        Assert.Contains("is replaced instead", resolving.Do("apply"), StringComparison.Ordinal);

        Assert.Equal("10.96.0.5", room.LookUp("hello"));
        Assert.DoesNotContain("lo.telelaunch", room.Bash("resolvconf -i"), StringComparison.Ordinal);
        resolving.Do("undo");
        Assert.Equal(before, State(room));
    }

    private static void End(HostRoom room, ResolvingProcess resolving, string end)
    {
        if (end == "undo")
        {
            Assert.Equal("", resolving.Do("undo"));
        }
        else
        {
            resolving.Kill();
            Assert.Contains("undone ", room.Resolving().Do("undo-others"), StringComparison.Ordinal);
        }
    }

    private static HostRoom Create(string package, string setUp = "true")
    {
        string configuration = package == Openresolv
            ? "cp artifacts/resolvers/openresolv/etc/resolvconf.conf /etc; touch /etc/resolv.conf"
            : "cp -a artifacts/resolvers/resolvconf/etc/resolvconf /etc; mkdir -p /run/resolvconf/interface; touch /run/resolvconf/enable-updates; ln -s ../run/resolvconf/resolv.conf /etc/resolv.conf";
        return new HostRoom(
            $"""
            cd {HostRoom.Repository()}
            {configuration}
            {setUp}
            printf 'search corp.example\nnameserver {HostRoom.Outside}\noptions timeout:3\n' | resolvconf -a eth0.dhclient 2>/run/first
            """,
            package);
    }

    // openresolv's file stays the same one; Debian's makes a new one behind the link each time.
    private static string State(HostRoom room) => room.Files("/etc") + room.Contents("/run/resolvconf");
}
