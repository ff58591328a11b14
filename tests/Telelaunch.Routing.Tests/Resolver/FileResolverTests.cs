namespace Telelaunch.Routing.Tests.Resolver;

/// <summary>/etc/resolv.conf that no resolver of the machine's own stands behind: plain, a link, dnsmasq's, mounted.</summary>
public class FileResolverTests
{
    private const string Plain = $"printf 'search corp.example\\nnameserver {HostRoom.Outside}\\noptions edns0 rotate\\n' > /etc/resolv.conf; chmod 640 /etc/resolv.conf";

    private const string Linked = $"mkdir /run/someone; echo 'nameserver {HostRoom.Outside}' > /run/someone/resolv.conf; ln -s ../run/someone/resolv.conf /etc/resolv.conf";

    private const string Mounted = $"printf 'nameserver {HostRoom.Outside}\\noptions edns0\\n' > /var/lib/resolv.conf; touch /etc/resolv.conf; mount --bind /var/lib/resolv.conf /etc/resolv.conf";

    public static TheoryData<string, string> SetUps => new() { { "plain", Plain }, { "linked", Linked }, { "mounted", Mounted }, { "absent", $"ip address add 127.0.0.1/8 dev lo 2>&- || true" } };

    [Theory]
    [MemberData(nameof(SetUps))]
    public void ClusterAndExternalNames_AreAnswered_AndAllIsAsBefore_WithoutALostLookup(string kind, string setUp)
    {
        using var room = new HostRoom(setUp);
        if (kind == "absent") room.StartNameServer("127.0.0.1", "outside", 1);
        string before = Files(room, kind);
        string external = room.LookUp("who.example");
        ResolvingProcess resolving = room.Resolving();
        Lookups lookups = room.StartLookups();

        Assert.StartsWith("found /etc/resolv.conf", resolving.Do("find"), StringComparison.Ordinal);
        Assert.Equal("", resolving.Do("apply"));

        Assert.Equal("10.96.0.5", room.LookUp("hello"));
        Assert.Equal("10.96.0.5", room.LookUp("hello.default"));
        Assert.Equal("192.0.2.84", room.LookUp("who.example"));
        Assert.Equal("", resolving.Do("undo"));
        Assert.Equal(external, room.LookUp("who.example"));
        Assert.Equal(before, Files(room, kind));
        Assert.Contains(" lookups, 0 lost", lookups.End(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(SetUps))]
    public void AfterAKill_AnotherProcessPutsAllBack(string kind, string setUp)
    {
        using var room = new HostRoom(setUp);
        if (kind == "absent") room.StartNameServer("127.0.0.1", "outside", 1);
        string before = Files(room, kind);
        ResolvingProcess resolving = room.Resolving();
        Lookups lookups = room.StartLookups();
        resolving.Do("find");
        Assert.Equal("", resolving.Do("apply"));

        ResolvingProcess other = room.Resolving();
        Assert.StartsWith("living ", other.Do("undo-others"), StringComparison.Ordinal);
        Assert.Contains("resolver-is-telelaunch", other.Do("find"), StringComparison.Ordinal);
        Assert.Equal("10.96.0.5", room.LookUp("hello"));
        resolving.Kill();
        Assert.Equal("undone /etc/resolv.conf is as it was", other.Do("undo-others"));

        Assert.Equal(before, Files(room, kind));
        Assert.Equal("", other.Do("undo-others"));
        Assert.Equal("none\n", room.Bash("[ -e /var/lib/telelaunch ] || echo none"));
        Assert.Contains(" lookups, 0 lost", lookups.End(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kill")]
    [InlineData("undo")]
    public void WhatADhcpClientMovesOver_IsAskedFromThen_AndIsPutBackAtTheEnd(string end)
    {
        using var room = new HostRoom(Plain);
        ResolvingProcess resolving = room.Resolving();
        Lookups lookups = room.StartLookups();
        resolving.Do("find");
        resolving.Do("apply");

        // As dhclient-script does.
        room.Bash($"printf 'search lease.example\\nnameserver {HostRoom.OtherOutside}\\n' > /etc/resolv.conf.dhclient-new; chmod 600 /etc/resolv.conf.dhclient-new; stat -c '%i %Y %a' /etc/resolv.conf.dhclient-new > /run/moved; mv -f /etc/resolv.conf.dhclient-new /etc/resolv.conf");

        Assert.Equal($"upstreams {HostRoom.OtherOutside}", resolving.WaitFor("upstreams "));
        Assert.Equal("192.0.2.84", room.LookUp("who.example"));
        Assert.Contains("cluster.local lease.example", room.Bash("cat /etc/resolv.conf"), StringComparison.Ordinal);
        if (end == "undo")
        {
            resolving.Do("undo");
        }
        else
        {
            resolving.Kill();
            room.Resolving().Do("undo-others");
        }
        Assert.Equal("192.0.2.54", room.LookUp("who.example"));
        Assert.Equal(room.Bash("cat /run/moved"), room.Bash("stat -c '%i %Y %a' /etc/resolv.conf"));
        Assert.Equal("resolv.conf\n", room.Bash("ls -A /etc | grep resolv.conf"));
        Assert.Contains(" lookups, 0 lost", lookups.End(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Plain)]
    [InlineData(Linked)]
    [InlineData(Mounted)]
    public void WhatIsRewrittenInPlace_IsAskedFromThen_AndIsPutBackAtTheEnd(string setUp)
    {
        using var room = new HostRoom(setUp);
        string inode = room.Bash("stat -c '%i %F' /etc/resolv.conf");
        ResolvingProcess resolving = room.Resolving();
        resolving.Do("find");
        resolving.Do("apply");

        room.Bash($"echo 'nameserver {HostRoom.OtherOutside}' > /etc/resolv.conf");

        Assert.Equal($"upstreams {HostRoom.OtherOutside}", resolving.WaitFor("upstreams "));
        Assert.Equal("192.0.2.84", room.LookUp("who.example"));
        resolving.Do("undo");
        Assert.Equal($"nameserver {HostRoom.OtherOutside}\n", room.Bash("cat /etc/resolv.conf"));
        Assert.Equal(inode, room.Bash("stat -c '%i %F' /etc/resolv.conf"));
    }

    [Fact]
    public void WhoseFileALinkLeadsTo_MayRewriteIt()
    {
        using var room = new HostRoom(Linked);
        ResolvingProcess resolving = room.Resolving();
        resolving.Do("find");
        resolving.Do("apply");

        // As NetworkManager does with its own.
        room.Bash($"echo 'nameserver {HostRoom.OtherOutside}' > /run/someone/.new; mv /run/someone/.new /run/someone/resolv.conf");

        Assert.Equal($"upstreams {HostRoom.OtherOutside}", resolving.WaitFor("upstreams "));
        Assert.Equal("10.96.0.5", room.LookUp("hello"));
        resolving.Do("undo");
        Assert.Equal("../run/someone/resolv.conf\n", room.Bash("readlink /etc/resolv.conf"));
        Assert.Equal("192.0.2.54", room.LookUp("who.example"));
    }

    [Fact]
    public void WhoKeepsRewriting_IsLeftAlone()
    {
        using var room = new HostRoom(Plain);
        ResolvingProcess resolving = room.Resolving();
        resolving.Do("find");
        resolving.Do("apply");

        for (int round = 0; round <= 5; round++)
        {
            room.Bash($"echo 'nameserver {HostRoom.OtherOutside} # {round}' > /etc/.new; mv /etc/.new /etc/resolv.conf");
            string told = resolving.WaitFor("told ");
            Assert.Equal(round == 5, told.Contains("it is left as it is", StringComparison.Ordinal));
        }

        // The command's answer comes after what the watch has done.
        resolving.Do("undo");
        Assert.Equal($"nameserver {HostRoom.OtherOutside} # 5\n", room.Bash("cat /etc/resolv.conf"));
        Assert.Equal("resolv.conf\n", room.Bash("ls -A /etc | grep resolv.conf"));
    }

    [Fact]
    public void WhatSomebodyHasWrittenAfterOurDeath_Stays()
    {
        using var room = new HostRoom(Plain);
        ResolvingProcess resolving = room.Resolving();
        resolving.Do("find");
        resolving.Do("apply");
        resolving.Kill();
        room.Bash("echo 'nameserver 192.0.2.1' > /etc/.new; mv /etc/.new /etc/resolv.conf");

        room.Resolving().Do("undo-others");

        Assert.Equal("nameserver 192.0.2.1\n", room.Bash("cat /etc/resolv.conf"));
        Assert.Equal("resolv.conf\n", room.Bash("ls -A /etc | grep resolv.conf"));
    }

    [Fact]
    public void Dnsmasq_AsNetworkManagerRunsIt_IsAskedForTheRest()
    {
        using var room = new HostRoom("echo 'nameserver 127.0.0.1' > /etc/resolv.conf", "dnsmasq-base", "libnetfilter-conntrack3");
        room.Start("dnsmasq", "--no-resolv", "--keep-in-foreground", "--no-hosts", "--bind-interfaces", "--pid-file=", "--listen-address=127.0.0.1", "--cache-size=400", "--conf-file=/dev/null", $"--server={HostRoom.Outside}", "--user=root");
        room.Bash("until getent ahostsv4 who.example; do :; done");
        string before = room.Files("/etc");
        ResolvingProcess resolving = room.Resolving();

        Assert.Equal("found /etc/resolv.conf\nupstreams 127.0.0.1", resolving.Do("find"));
        resolving.Do("apply");

        Assert.Equal("10.96.0.5", room.LookUp("hello"));
        resolving.Do("undo");
        Assert.Equal(before, room.Files("/etc"));
        Assert.Equal("192.0.2.53", room.LookUp("who.example"));
    }

    [Fact]
    public void WhatNscdKeeps_IsForgotten()
    {
        // It asks for itself when the file changes; told not to look, it would keep names for as long as it may.
        using var room = new HostRoom($"{Plain}; mkdir -p /run/nscd /var/cache/nscd; printf 'enable-cache hosts yes\\ncheck-files hosts no\\npositive-time-to-live hosts 3600\\nnegative-time-to-live hosts 3600\\n' > /etc/nscd.conf", "nscd");
        room.Start("nscd", "--foreground");
        room.Bash("until nscd -g; do :; done > /run/first");
        Assert.Equal("", room.LookUp("hello"));
        ResolvingProcess resolving = room.Resolving();
        resolving.Do("find");

        resolving.Do("apply");
        Assert.Equal("10.96.0.5", room.LookUp("hello"));
        resolving.Do("undo");
        Assert.Equal("", room.LookUp("hello"));
    }

    [Fact]
    public void AFileMountedReadOnly_IsRefused_AndSoIsAReadOnlyFolder()
    {
        using (var room = new HostRoom(Mounted + "; mount -o remount,bind,ro /etc/resolv.conf"))
        {
            ResolvingProcess resolving = room.Resolving();
            resolving.Do("find");
            Assert.StartsWith("failed resolver-file-read-only: ", resolving.Do("apply"), StringComparison.Ordinal);
            Assert.Equal("none\n", room.Bash("[ -e /var/lib/telelaunch ] || echo none"));
        }
        using (var room = new HostRoom(Plain + "; mount -o remount,bind,ro /etc"))
        {
            ResolvingProcess resolving = room.Resolving();
            resolving.Do("find");
            Assert.StartsWith("failed resolver-file-not-replaced: ", resolving.Do("apply"), StringComparison.Ordinal);
            Assert.Equal("none\n", room.Bash("[ -e /var/lib/telelaunch ] || echo none"));
        }
    }

    // What is written in place has another time than before.
    private static string Files(HostRoom room, string kind) => kind == "mounted" ? room.Contents("/etc") + room.Bash("stat -c %i /etc/resolv.conf") : room.Files("/etc", "/run");
}
