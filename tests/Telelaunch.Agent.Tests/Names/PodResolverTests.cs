using System.Net;

using Telelaunch.Agent.Names;
using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Agent.Tests.Names;

[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "xunit calls IAsyncLifetime.DisposeAsync.")]
public sealed class PodResolverTests : IAsyncLifetime
{
    private const string Fqdn = "hello.default.svc.cluster.local";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("telelaunch-resolver-");
    private FakeNameServer _server = null!;

    private PodResolver Resolver { get; set; } = null!;

    public Task InitializeAsync()
    {
        _server = new();
        File.WriteAllText(Path.Combine(_directory.FullName, "resolv.conf"), """
            nameserver 127.0.0.1
            search default.svc.cluster.local svc.cluster.local cluster.local
            options ndots:5 timeout:1 attempts:1
            """);
        File.WriteAllText(Path.Combine(_directory.FullName, "hosts"), "127.0.0.1 localhost\n10.244.0.7 web-0.web web-0 # this pod\n");
        Resolver = new(Path.Combine(_directory.FullName, "resolv.conf"), Path.Combine(_directory.FullName, "hosts"), _server.Port);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task ShortName_IsFoundBySearchList_AllAddressesInTheServersOrder()
    {
        _server.Answers[$"{Fqdn} A"] = new() { Records = [(Fqdn, 1, 30, [10, 96, 0, 9]), (Fqdn, 1, 5, [10, 96, 0, 3])] };
        _server.Answers[$"{Fqdn} AAAA"] = new() { Records = [(Fqdn, 28, 30, IPAddress.Parse("fd00::9").GetAddressBytes())] };
        AddressLookup lookup = await Resolver.LookUpAddressesAsync("hello", AddressFamilies.Both, CancellationToken.None);
        Assert.Equal(LookupStatus.Found, lookup.Status);
        Assert.Equal(["10.96.0.9", "10.96.0.3", "fd00::9"], lookup.Addresses.Select(a => a.ToString()));
        Assert.Equal(Fqdn, lookup.CanonicalName);
        Assert.Equal(TimeSpan.FromSeconds(5), lookup.TimeToLive);
    }

    [Fact]
    public async Task OneFamily_AsksForThatAlone()
    {
        _server.Answers[$"{Fqdn} A"] = new() { Records = [(Fqdn, 1, 30, [10, 96, 0, 9])] };
        AddressLookup lookup = await Resolver.LookUpAddressesAsync("hello", AddressFamilies.IPv4, CancellationToken.None);
        Assert.Equal(["10.96.0.9"], lookup.Addresses.Select(a => a.ToString()));
        Assert.Equal([$"{Fqdn} A"], _server.Asked);
    }

    [Fact]
    public async Task NameWithFewDots_IsTriedBySearchListFirst_ThenAsItIs()
    {
        _server.Answers["www.example.org A"] = new() { Records = [("www.example.org", 1, 30, [192, 0, 2, 1])] };
        AddressLookup lookup = await Resolver.LookUpAddressesAsync("www.example.org", AddressFamilies.IPv4, CancellationToken.None);
        Assert.Equal(LookupStatus.Found, lookup.Status);
        Assert.Equal(
            ["www.example.org.default.svc.cluster.local A", "www.example.org.svc.cluster.local A", "www.example.org.cluster.local A", "www.example.org A"],
            _server.Asked);
    }

    [Fact]
    public async Task TrailingDot_IsAskedAsItIsOnly()
    {
        AddressLookup lookup = await Resolver.LookUpAddressesAsync("hello.", AddressFamilies.IPv4, CancellationToken.None);
        Assert.Equal(LookupStatus.NoName, lookup.Status);
        Assert.Equal(["hello A"], _server.Asked);
    }

    [Fact]
    public async Task Aliases_AreFollowedWhateverTheirOrder()
    {
        _server.Answers["ext.default.svc.cluster.local A"] = new()
        {
            Records =
            [
                ("b.example", 1, 60, [192, 0, 2, 7]),
                ("a.example", 5, 20, FakeNameServer.Name("b.example")),
                ("EXT.default.svc.cluster.local", 5, 30, FakeNameServer.Name("a.example")),
            ],
        };
        AddressLookup lookup = await Resolver.LookUpAddressesAsync("ext", AddressFamilies.IPv4, CancellationToken.None);
        Assert.Equal(["192.0.2.7"], lookup.Addresses.Select(a => a.ToString()));
        Assert.Equal("b.example", lookup.CanonicalName);
        Assert.Equal(TimeSpan.FromSeconds(20), lookup.TimeToLive);
    }

    [Fact]
    public async Task UnknownName_TellsHowLongThatHolds()
    {
        AddressLookup lookup = await Resolver.LookUpAddressesAsync("nobody", AddressFamilies.Both, CancellationToken.None);
        Assert.Equal(LookupStatus.NoName, lookup.Status);
        // The lesser of the SOA's TTL (60) and MINIMUM (9).
        Assert.Equal(TimeSpan.FromSeconds(9), lookup.TimeToLive);
    }

    [Fact]
    public async Task NameWithoutAddresses_IsNoData()
    {
        _server.Answers[$"{Fqdn} A"] = new() { Soa = true };
        _server.Answers[$"{Fqdn} AAAA"] = new() { Soa = true };
        Assert.Equal(LookupStatus.NoData, (await Resolver.LookUpAddressesAsync("hello", AddressFamilies.Both, CancellationToken.None)).Status);
    }

    [Fact]
    public async Task ServerFailure_IsTryAgain()
    {
        _server.Answers["hello A"] = new() { Code = 2 };
        Assert.Equal(LookupStatus.TryAgain, (await Resolver.LookUpAddressesAsync("hello.", AddressFamilies.IPv4, CancellationToken.None)).Status);
    }

    [Fact]
    public async Task SilentServer_IsTryAgain()
    {
        _server.Answers["hello A"] = new() { Silent = true };
        Assert.Equal(LookupStatus.TryAgain, (await Resolver.LookUpAddressesAsync("hello.", AddressFamilies.IPv4, CancellationToken.None)).Status);
    }

    [Fact]
    public async Task OneFamilyFailing_StillGivesTheOther()
    {
        _server.Answers[$"{Fqdn} A"] = new() { Records = [(Fqdn, 1, 30, [10, 96, 0, 9])] };
        _server.Answers[$"{Fqdn} AAAA"] = new() { Code = 2 };
        Assert.Equal(LookupStatus.Found, (await Resolver.LookUpAddressesAsync("hello", AddressFamilies.Both, CancellationToken.None)).Status);
    }

    [Fact]
    public async Task TruncatedAnswer_IsAskedAgainOverTcp()
    {
        var records = Enumerable.Range(0, 200).Select(i => (Fqdn, (byte)1, (byte)30, (byte[])[10, 0, 0, (byte)i])).ToList();
        _server.Answers[$"{Fqdn} A"] = new() { OnlyOverTcp = true, Records = records };
        AddressLookup lookup = await Resolver.LookUpAddressesAsync("hello", AddressFamilies.IPv4, CancellationToken.None);
        Assert.Equal(200, lookup.Addresses.Count);
    }

    [Fact]
    public async Task HostsFile_ComesFirst()
    {
        AddressLookup lookup = await Resolver.LookUpAddressesAsync("WEB-0", AddressFamilies.Both, CancellationToken.None);
        Assert.Equal(["10.244.0.7"], lookup.Addresses.Select(a => a.ToString()));
        Assert.Equal("web-0.web", lookup.CanonicalName);
        Assert.Equal(["web-0.web", "web-0"], (await Resolver.LookUpNamesAsync(IPAddress.Parse("10.244.0.7"), CancellationToken.None)).Names);
        Assert.Empty(_server.Asked);
    }

    [Fact]
    public async Task Address_IsNamedByItsPointer()
    {
        _server.Answers["9.0.96.10.in-addr.arpa PTR"] = new() { Records = [("9.0.96.10.in-addr.arpa", 12, 11, FakeNameServer.Name(Fqdn))] };
        NameLookupResult lookup = await Resolver.LookUpNamesAsync(IPAddress.Parse("10.96.0.9"), CancellationToken.None);
        Assert.Equal([Fqdn], lookup.Names);
        Assert.Equal(TimeSpan.FromSeconds(11), lookup.TimeToLive);
        Assert.Equal(LookupStatus.NoName, (await Resolver.LookUpNamesAsync(IPAddress.Parse("10.96.0.8"), CancellationToken.None)).Status);
    }

    [Fact]
    public async Task RawQuery_IsPassedOnAsItIs()
    {
        _server.Answers[$"{Fqdn} A"] = new() { Records = [(Fqdn, 1, 30, [10, 96, 0, 9])] };
        byte[] question = DnsQuery.Create(0x1234, Fqdn, RecordType.A)!;
        ReadOnlyMemory<byte> answer = await Resolver.QueryAsync(question, CancellationToken.None);
        Assert.Equal([0x12, 0x34], answer[..2].ToArray());
        Assert.Equal("10.96.0.9", ParsedAnswer.Parse(answer.Span)!.Records[0].Address!.ToString());
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234")]
    public async Task NameThatCantBeAsked_DoesNotExist(string name)
    {
        Assert.Equal(LookupStatus.NoName, (await Resolver.LookUpAddressesAsync(name, AddressFamilies.Both, CancellationToken.None)).Status);
        Assert.Empty(_server.Asked);
    }

    [Fact]
    public async Task NoServer_IsTryAgain()
    {
        await _server.DisposeAsync();
        PodResolver resolver = Resolver;
        _server = new();
        Assert.Equal(LookupStatus.TryAgain, (await resolver.LookUpAddressesAsync("hello", AddressFamilies.Both, CancellationToken.None)).Status);
    }

    [Fact]
    public void DamagedAnswers_AreRefused()
    {
        var random = new Random(7);
        byte[] answer = [.. DnsQuery.Create(1, Fqdn, RecordType.A)!, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, 0, 1];
        answer[7] = 1;
        Assert.Equal("10.0.0.1", ParsedAnswer.Parse(answer)!.Records[0].Address!.ToString());
        for (int length = 0; length < answer.Length; length++)
            Assert.Null(ParsedAnswer.Parse(answer.AsSpan(0, length)));
        for (int i = 0; i < 20_000; i++)
        {
            byte[] damaged = [.. answer];
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            // Any result will do; it must come, and not throw.
            _ = ParsedAnswer.Parse(damaged);
        }
    }

    /// <summary>Each label may be 63 octets, and pointers may join them: the whole is at most 255 (RFC 1035 §2.3.4).</summary>
    [Fact]
    public void NameLongerThanDnsAllows_IsRefused()
    {
        byte[] label = [63, .. Enumerable.Repeat((byte)'a', 63)];
        byte[] Answer(int lastLabel) =>
            [.. DnsQuery.Create(1, Fqdn, RecordType.A)!, .. label, .. label, .. label, (byte)lastLabel, .. Enumerable.Repeat((byte)'b', lastLabel), 0, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, 0, 1];
        byte[] longest = Answer(61);
        longest[7] = 1;
        Assert.Equal(253, ParsedAnswer.Parse(longest)!.Records[0].Name.Length);
        byte[] tooLong = Answer(62);
        tooLong[7] = 1;
        Assert.Null(ParsedAnswer.Parse(tooLong));
    }

    [Fact]
    public void PointerLoop_IsRefused()
    {
        byte[] answer = [.. DnsQuery.Create(1, Fqdn, RecordType.A)!, 0xc0, 0, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, 0, 1];
        int at = answer.Length - 16;
        answer[at + 1] = (byte)at;
        answer[7] = 1;
        Assert.Null(ParsedAnswer.Parse(answer));
    }
}
