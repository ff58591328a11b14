using System.Text.Json.Nodes;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary><c>telelaunch doctor</c>: a program first, then each part of a session.</summary>
[Collection(TestCluster.Name)]
public sealed class DoctorTests(TestCluster cluster)
{
    [Fact]
    public async Task Program_IsExaminedBeforeTheCluster_AndBothCountForTheExitCode()
    {
        await using var run = await cluster.TelelaunchAsync(["doctor", "-o", "json", "--", "dotnet", "no-such.dll"]);
        Assert.True(run.ExitCode == 1, run.ToString());
        var report = JsonNode.Parse(run.Output)!;
        Assert.Equal("Muxer", (string?)report["program"]!["kind"]);
        Assert.Equal("dotnet-assembly-missing", (string?)report["program"]!["faultCode"]);
        var checks = report["checks"]!.AsArray().Select(check => ((string)check!["name"]!, (string)check["status"]!)).ToList();
        Assert.Equal(("program", "Ok"), checks[0]);
        // The cluster is as good as ever: nothing fails but what was broken here.
        Assert.Equal([("runtime", "Fail")], checks.Where(check => check.Item2 == "Fail"));
        Assert.Equal(("session", "Ok"), checks[^1]);
    }
}
