using Telelaunch.Playground.Api;
using Telelaunch.Playground.Store;
using static Telelaunch.Playground.Tests.TestServer;

namespace Telelaunch.Playground.Tests.Api;

public sealed class SelectorTests
{
    [Theory]
    [InlineData("app=web", true)]
    [InlineData("app==web,tier", true)]
    [InlineData("app!=web", false)]
    [InlineData("missing!=web", true)]
    [InlineData("app in (web,db)", true)]
    [InlineData("app notin (web,db)", false)]
    [InlineData("!missing", true)]
    [InlineData("tier>2,tier<4", true)]
    [InlineData("empty=", true)]
    [InlineData("", true)]
    public void LabelSelector_Matches(string text, bool matches) =>
        Assert.Equal(matches, LabelSelector.Parse(text).MatchesLabels(Json("""{"app": "web", "tier": "3", "empty": ""}""")));

    [Theory]
    [InlineData("metadata.name=a", true)]
    [InlineData("status.phase!=Running", false)]
    [InlineData("spec.nodeName=", true)]
    public void FieldSelector_Matches(string text, bool matches) =>
        Assert.Equal(matches, FieldSelector.Parse(ResourceKinds.Pods, text).Matches(Json("""{"metadata": {"name": "a"}, "status": {"phase": "Running"}}""")));
}
