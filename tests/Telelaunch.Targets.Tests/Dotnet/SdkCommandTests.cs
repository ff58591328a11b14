using Telelaunch.Targets.Dotnet;
using Xunit;

namespace Telelaunch.Targets.Tests.Dotnet;

public sealed class SdkCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-sdk-").FullName;

    public SdkCommandTests()
    {
        foreach (var name in (string[])["web/web.csproj", "two/a.csproj", "two/b.fsproj", "file.cs"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(InFolder(name))!);
            File.WriteAllText(InFolder(name), "<Project/>");
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("run", "web", "web/web.csproj", false)]
    [InlineData("run", "two", null, false)]
    [InlineData("run --project web/web.csproj", "", "web/web.csproj", false)]
    [InlineData("run --project=web", "", "web/web.csproj", false)]
    [InlineData("watch --project web run", "", "web/web.csproj", false)]
    [InlineData("test web", "", "web/web.csproj", false)]
    [InlineData("run no/such", "web", "web/web.csproj", false)]
    [InlineData("run file.cs", "", "file.cs", true)]
    [InlineData("file.cs argument", "", "file.cs", true)]
    [InlineData("run --file file.cs", "", "file.cs", true)]
    [InlineData("run -- file.cs", "web", "web/web.csproj", false)]
    [InlineData("fsi", "web", null, false)]
    public void Project_IsFoundAsTheSdkFindsIt(string words, string folder, string? project, bool isFile)
    {
        var command = SdkCommand.Parse(words.Split(' '), InFolder(folder));
        Assert.Equal(project is null ? null : InFolder(project), command.Project is null ? null : Path.GetFullPath(command.Project));
        Assert.Equal(isFile, command.IsFile);
    }

    [Fact]
    public void FrameworkAndConfiguration_AreRead()
    {
        var command = SdkCommand.Parse(["run", "-f", "net8.0", "-c=Release", "--", "-c", "Other"], InFolder("web"));
        Assert.Equal(("net8.0", "Release"), (command.Framework, command.Configuration));
    }

    [Theory]
    [InlineData("run", true)]
    [InlineData("watch", true)]
    [InlineData("test", true)]
    [InlineData("fsi", true)]
    [InlineData("build", false)]
    [InlineData("ef", false)]
    [InlineData("", false)]
    public void OnlySomeStartPrograms(string verb, bool expected) => Assert.Equal(expected, SdkCommand.Parse(verb.Length == 0 ? [] : [verb], InFolder("web")).StartsPrograms);

    [Theory]
    [InlineData("exec --fx-version 8.0.1 a.dll b", "a.dll", "8.0.1")]
    [InlineData("--fx-version 8.0.1 a.DLL", "a.DLL", "8.0.1")]
    [InlineData("--fx-version", null, null)]
    [InlineData("run a.dll", null, null)]
    [InlineData("", null, null)]
    public void MuxerTellsApplicationsByTheirEnding(string words, string? assembly, string? version)
    {
        var command = MuxerCommand.Parse(words.Split(' ', StringSplitOptions.RemoveEmptyEntries), "/here");
        Assert.Equal(assembly is null ? null : "/here/" + assembly, command.Assembly);
        Assert.Equal(version, command.FrameworkVersion);
    }

    private string InFolder(string name) => Path.TrimEndingDirectorySeparator(Path.Combine(_folder, name));
}
