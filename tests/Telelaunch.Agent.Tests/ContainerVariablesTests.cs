using System.Text;

namespace Telelaunch.Agent.Tests;

public sealed class ContainerVariablesTests
{
    [Theory]
    [InlineData("A=1\0B=\0C=x=y\0", "A=1\0B=\0C=x=y\0")]
    [InlineData("TELELAUNCH_AGENT_PORT=7778\0A=1\0TELELAUNCH=mine\0", "A=1\0TELELAUNCH=mine\0")]
    [InlineData("PATH=/usr/sbin:/usr/bin\0HOME=/tmp\0HOSTNAME=web\0", "HOSTNAME=web\0")]
    [InlineData("PATH=/opt/bin\0HOME=/app\0", "PATH=/opt/bin\0HOME=/app\0")]
    [InlineData("A=1\nB=2\0\0C=3\0", "A=1\nB=2\0C=3\0")]
    [InlineData("", "")]
    public void OwnVariables_AreTakenOut_AndOthersKeptInOrder(string block, string kept) =>
        Assert.Equal(kept, Encoding.UTF8.GetString(ContainerVariables.Of(Encoding.UTF8.GetBytes(block), "/tmp").Span));

    [Fact]
    public void BytesThatAreNoText_StayAsTheyAre() =>
        Assert.Equal([0x41, 0x3d, 0xff, 0xfe, 0], ContainerVariables.Of([0x41, 0x3d, 0xff, 0xfe, 0], "/").ToArray());

    [Theory]
    [InlineData(65532, "/tmp")]
    [InlineData(1000650000, "/")]
    public void RuntimeHome_IsThatOfThePasswdFile_OrTheRoot(uint uid, string home) =>
        Assert.Equal(home, ContainerVariables.RuntimeHome(uid, ["root:x:0:0:root:/:/bin/sh", "nonroot:x:65532:65532:nonroot:/tmp:/usr/bin/telelaunch-agent", "broken:x:1000650000"]));

    [Fact]
    public void ImagesVariables_AreThoseThatItsRecipeWrites() =>
        Assert.Contains($"\"Env\":[\"{ContainerVariables.ImagePath}\"]", File.ReadAllText(Path.Combine(RepositoryRoot(), "src/Telelaunch.Agent/image/build-image")), StringComparison.Ordinal);

    private static string RepositoryRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Telelaunch.sln")))
            directory = directory.Parent!;
        return directory.FullName;
    }
}
