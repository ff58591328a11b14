using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Tests.Options;

public sealed class OlderSpellingTests
{
    [Theory]
    [InlineData("--namespace x --run curl -v --run", "run --namespace x -- curl -v --run", 1)]
    [InlineData("exec -t deployment/x/container/c -- npm start", "run -t deployment/x/container/c -- npm start", 1)]
    [InlineData("run -- exec x", "run -- exec x", 0)]
    [InlineData("--run-shell", "shell", 1)]
    [InlineData("--context c --run-shell", "shell --context c", 1)]
    [InlineData("run --serviceaccount a --logfile=f --extra-cidr 10.0.0.0/8 -- x --logfile", "run --service-account a --log-file=f --also-proxy 10.0.0.0/8 -- x --logfile", 3)]
    [InlineData("run -- telepresence --run x", "run -- telepresence --run x", 0)]
    [InlineData("run --run x", "run --run x", 0)]
    public void OlderWords_BecomeOurs_WithANoticeEach(string older, string ours, int notices)
    {
        var spelling = OlderSpelling.Translate(older.Split(' '));
        Assert.Equal(ours.Split(' '), spelling.Arguments);
        Assert.Equal(notices, spelling.Notices.Count);
    }

    [Fact]
    public void DockerRun_IsRefused() => Assert.Equal("option-not-available", Assert.Throws<CommandLineException>(() => OlderSpelling.Translate(["--docker-run"])).Code);
}
