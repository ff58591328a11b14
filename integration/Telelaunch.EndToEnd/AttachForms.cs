using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>The program of <c>Telelaunch.EndToEnd.Loop</c> in the forms in which .NET programs are published, each published once a run.</summary>
internal static class AttachForms
{
    private static readonly Dictionary<string, string[]> Options = new()
    {
        ["framework-dependent"] = ["-f", "net10.0", "--no-self-contained"],
        ["self-contained"] = ["-f", "net10.0", "--self-contained"],
        ["single-file"] = ["-f", "net10.0", "--self-contained", "-p:PublishSingleFile=true"],
        ["trimmed single-file"] = ["-f", "net10.0", "--self-contained", "-p:PublishSingleFile=true", "-p:PublishTrimmed=true"],
        ["hooks disabled"] = ["-f", "net10.0", "--no-self-contained", "-p:StartupHookSupport=false"],
        [".NET 9"] = ["-f", "net9.0", "--self-contained"],
        [".NET 8"] = ["-f", "net8.0", "--self-contained"],
    };

    public static IEnumerable<string> All => Options.Keys;

    /// <summary>The program's file.</summary>
    public static async Task<string> PublishAsync(TestCluster cluster, string form)
    {
        var folder = Path.Combine(cluster.Scratch, "loop", form.Replace(' ', '-'));
        var program = Path.Combine(folder, "loop");
        if (File.Exists(program)) return program;
        // Outputs in between lie apart from other forms' and from the sources, which somebody else may be building.
        await using var run = await ProcessRun.CompleteAsync("dotnet",
            ["publish", Path.Combine(TestCluster.Root, "integration", "Telelaunch.EndToEnd.Loop"), "-c", "Release", "-r", "linux-x64", "-o", folder, "--artifacts-path", $"{folder}-build", "--nologo", "-v", "quiet", .. Options[form]]);
        Assert.True(run.ExitCode == 0, run.ToString());
        return program;
    }
}
