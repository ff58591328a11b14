using Telelaunch.Cluster;
using Xunit;

namespace Telelaunch.Documentation.Tests;

/// <summary>What README.md shows is what the program says.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void RoleIsTheOneThatRbacPrints() =>
        Assert.Contains(ClusterRights.RoleText("default").TrimEnd(), Repository.Read("README.md"), StringComparison.Ordinal);
}
