using Telelaunch.Net;

namespace Telelaunch.Agent.Tests;

public sealed class AgentSettingsTests
{
    [Fact]
    public void EmptyEnvironment_GivesTheDefaults()
        => Assert.Equal(new AgentSettings("/etc/telelaunch/session", 7778, 7722, TimeSpan.FromSeconds(90)), AgentSettings.Read(_ => null));

    [Theory]
    [InlineData("TELELAUNCH_AGENT_PORT", "0")]
    [InlineData("TELELAUNCH_SSH_PORT", "65536")]
    [InlineData("TELELAUNCH_SSH_PORT", "ssh")]
    [InlineData("TELELAUNCH_IDLE_SECONDS", "120")]
    [InlineData("TELELAUNCH_IDLE_SECONDS", "-1")]
    public void ImpossibleValue_IsNamed(string name, string value)
    {
        UsageException error = Assert.Throws<UsageException>(() => AgentSettings.Read(asked => asked == name ? value : null));
        Assert.Contains(name, error.Message);
    }
}
