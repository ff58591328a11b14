using System.Text.RegularExpressions;
using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>A browser on the machine shows the cluster's pages, and the outside world's as before.</summary>
[Collection(TestCluster.Name)]
public sealed partial class MachineBrowserTests(TestCluster cluster, VpnMachine vpn) : IClassFixture<VpnMachine>
{
    private const string Page = "hello from the cluster";

    [TheoryOnMachine("chromium")]
    [InlineData("http://hello.default.svc.cluster.local/", "full-name"), InlineData("http://hello.default/", null), InlineData("http://hello/", "short-name")]
    public async Task PageOfAService_IsShown_AndItsNameIsNeverAskedOutside(string url, string? screenshot)
    {
        Assert.Contains(Page, await Chromium.LoadAsync(vpn.Machine, url, screenshot), StringComparison.Ordinal);
        Assert.DoesNotContain(vpn.Machine.Outside.Names.Questions, question => question.Name.Contains("hello", StringComparison.Ordinal) || question.Name.EndsWith(".local", StringComparison.Ordinal));
    }

    [FactOnMachine("chromium")]
    public async Task PageOfAPod_IsShownByItsAddress() =>
        Assert.Contains(Page, await Chromium.LoadAsync(vpn.Machine, $"http://{await cluster.PodAddressAsync("hello")}/"), StringComparison.Ordinal);

    [FactOnMachine("chromium")]
    public async Task PageWithFiftyResources_AWebSocketAndAPageOfOutside_IsShownWhole()
    {
        await cluster.KubectlAsync("apply", "-f", await BrowsedAsync());
        try
        {
            await cluster.KubectlAsync("rollout", "status", "deployment/browsed", "--timeout=120s");
            var document = await Chromium.LoadAsync(vpn.Machine, $"http://browsed/?outside=http://{OutsideWorld.Host}/", "fifty-resources");
            Assert.Contains("<span id=\"resources\">25 scripts and 25 images</span>", document, StringComparison.Ordinal);
            Assert.Contains("<span id=\"socket\">echo of a browser, closed 1005</span>", document, StringComparison.Ordinal);
            Assert.Contains($"<span id=\"outside\">{OutsideWebServer.Text}</span>", document, StringComparison.Ordinal);
        }
        finally
        {
            await cluster.KubectlAsync("delete", "-f", await BrowsedAsync(), "--wait=false");
        }
    }

    [FactOnMachine("chromium")]
    public async Task PagesOfTheClusterAndOfOutside_AreShownAtTheSameTime()
    {
        var documents = await Task.WhenAll(
            Chromium.LoadAsync(vpn.Machine, "http://hello.default.svc.cluster.local/"),
            Chromium.LoadAsync(vpn.Machine, $"http://{OutsideWorld.Host}/"));
        Assert.Contains(Page, documents[0], StringComparison.Ordinal);
        Assert.Contains(OutsideWebServer.Text, documents[1], StringComparison.Ordinal);
    }

    [FactOnMachine("chromium")]
    public async Task BrowserThatWasOpenBefore_ReachesTheCluster_AndAfterwardsStillOutside()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        // A page from a public address may fetch nothing from a private one before a person has allowed it (Local Network Access), and nobody is there to be asked.
        var loading = Chromium.LoadAsync(machine, $"http://{OutsideWorld.PrivateHost}/waiting?then=http://hello.default.svc.cluster.local/");
        // The page has run its script: the browser has looked at its name servers long ago.
        await machine.Outside.Web.ReachedAsync("first", loading);
        await using (var session = await machine.StartVpnAsync())
        {
            machine.Outside.Web.LetGo("first");
            await machine.Outside.Web.ReachedAsync("second", loading);
            await session.EndAsync();
        }

        machine.Outside.Web.LetGo("second");
        var reached = Reached().Matches(await loading);
        Assert.Equal(2, reached.Count);
        Report.Add("vpn-tcp", $"a browser that was open  {string.Join(", ", reached.Select(match => match.Value))}");
    }

    [GeneratedRegex("(?<=>)reached after [0-9]+ failures")]
    private static partial Regex Reached();

    private async Task<string> BrowsedAsync()
    {
        var file = Path.Combine(cluster.Scratch, "browser-workload.yaml");
        var manifests = (await File.ReadAllTextAsync(Path.Combine(TestCluster.Root, "integration", "browser-workload.yaml")))
            .Replace("docker.io/library/python:3.12-slim", TestCluster.PythonImage, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, manifests);
        return file;
    }
}
