using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>Names of the cluster resolve on the machine as in a pod, for those who use libc and those who ask the name server themselves; all others as before.</summary>
[Collection(TestCluster.Name)]
public sealed class MachineNameTests(TestCluster cluster, VpnMachine vpn) : IClassFixture<VpnMachine>
{
    private const string FullName = "hello.default.svc.cluster.local";

    [FactOnMachine]
    public async Task EveryKindOfName_ResolvesAsInThePod()
    {
        string[] names =
        [
            "hello", "hello.default", "hello.default.svc", FullName, FullName + ".",
            "web", "web-0.web", "web-1.web.default.svc.cluster.local", "greeter.other", "greeter.other.svc.cluster.local", "external",
            "kubernetes", "no-such-service", "no-such-service.default.svc.cluster.local",
        ];
        await using var run = await vpn.Machine.RunAsync("python3", [Programs.Source("names.py"), .. names]);
        var inPod = await cluster.KubectlAsync(["exec", "deployment/probe", "--", "python3", "-c", await File.ReadAllTextAsync(Programs.Source("names.py")), .. names]);
        Assert.Equal(NameTests.Sorted(inPod), NameTests.Sorted(run.Output));
    }

    [FactOnMachine]
    public async Task Getent_KnowsServicesAndAllPodsOfAHeadlessOne()
    {
        var address = await cluster.ClusterAddressAsync("hello");
        Assert.StartsWith($"{address} ", await GetentAsync("hosts", "hello"), StringComparison.Ordinal);
        Assert.StartsWith($"{address} ", await GetentAsync("ahosts", FullName), StringComparison.Ordinal);
        Assert.Contains(FullName, await GetentAsync("hosts", address), StringComparison.Ordinal);

        var pods = (await cluster.GetAsync("pods", "-l", "app=web"))["items"]!.AsArray().Select(pod => (string)pod!["status"]!["podIP"]!).Order(StringComparer.Ordinal);
        var told = (await GetentAsync("ahostsv4", "web")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(pods, told);
    }

    [TheoryOnMachine("dig"), InlineData("+notcp"), InlineData("+tcp")]
    public async Task Dig_GetsEachKindOfRecord(string way)
    {
        var address = await cluster.ClusterAddressAsync("hello");
        Assert.Equal(address, await DigAsync(way, "A", FullName));
        // The weight is the name server's own affair.
        Assert.Matches($"^0 [0-9]+ 80 {Regex.Escape(FullName)}\\.$", await DigAsync(way, "SRV", $"_http._tcp.{FullName}"));
        Assert.Equal($"{FullName}.", await DigAsync(way, "PTR", string.Join('.', address.Split('.').Reverse()) + ".in-addr.arpa"));
        Assert.Equal($"{OutsideWorld.Address4}", await DigAsync(way, "A", OutsideWorld.Host));
        Assert.Equal($"{OutsideWorld.Address6}", await DigAsync(way, "AAAA", OutsideWorld.Host));
    }

    /// <summary>There is such a name, and no such record: NOERROR with nothing in it, or the client would take the name for one that isn't there.</summary>
    [TheoryOnMachine("dig"), InlineData("+notcp"), InlineData("+tcp")]
    public async Task Dig_IsToldThatThereIsNoSuchRecord(string way)
    {
        var isIpv6 = (await cluster.GetAsync("service", "hello"))["spec"]!["ipFamilies"]!.AsArray().Any(family => (string)family! == "IPv6");
        foreach (var type in isIpv6 ? (string[])["HTTPS", "TXT"] : ["AAAA", "HTTPS", "TXT"])
        {
            var start = Stopwatch.GetTimestamp();
            var answer = await vpn.Machine.OutputAsync("dig", "+tries=1", way, type, FullName);
            Assert.Contains("status: NOERROR", answer, StringComparison.Ordinal);
            Assert.Contains("ANSWER: 0", answer, StringComparison.Ordinal);
            Tell($"dig {way} {type}", "NOERROR, no record", start);
        }

        Assert.Contains("status: NXDOMAIN", await vpn.Machine.OutputAsync("dig", "+tries=1", way, "A", "no-such-service.default.svc.cluster.local"), StringComparison.Ordinal);
    }

    [FactOnMachine("dig")]
    public async Task NameOfOutside_IsAskedOutside_AndNoneOfTheClusters()
    {
        var asked = vpn.Machine.Outside.Names.Count("nowhere.example");
        Assert.Contains("status: NXDOMAIN", await vpn.Machine.OutputAsync("dig", "+tries=1", "nowhere.example"), StringComparison.Ordinal);
        Assert.Equal(asked + 1, vpn.Machine.Outside.Names.Count("nowhere.example"));

        foreach (var name in new[] { "hello", "hello.default", "hello.default.svc", FullName, "no-such-service.default.svc.cluster.local", "web-0.web" })
        {
            await using var run = await vpn.Machine.RunAsync("getent", "ahosts", name);
        }

        string[] labels = ["hello", "no-such-service", "web-0", "local"];
        Assert.DoesNotContain(vpn.Machine.Outside.Names.Questions, question => question.Name.Split('.').Intersect(labels).Any());
    }

    private Task<string> GetentAsync(params string[] arguments) => vpn.Machine.OutputAsync("getent", arguments);

    private async Task<string> DigAsync(string way, string type, string name)
    {
        var start = Stopwatch.GetTimestamp();
        var answer = (await vpn.Machine.OutputAsync("dig", "+short", "+tries=1", way, type, name)).Trim();
        Tell($"dig {way} {type}", answer, start);
        return answer;
    }

    private static void Tell(string what, string saw, long start) =>
        Report.Add("vpn-tcp", string.Create(CultureInfo.InvariantCulture, $"{what,-24} {saw,-48} {Stopwatch.GetElapsedTime(start).TotalMilliseconds,8:0} ms"));
}
