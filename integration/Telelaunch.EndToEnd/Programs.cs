using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>The small programs in <c>integration/programs</c>, compiled once a run where they need it.</summary>
internal static class Programs
{
    private static readonly string Directory = Path.Combine(TestCluster.Root, "integration", "programs");

    public static string Source(string file) => Path.Combine(Directory, file);

    /// <summary>The .NET program, as <c>dotnet build</c> leaves it beside this test's own output.</summary>
    public static string DotNetApp { get; } =
        Path.Combine(TestCluster.Root, "integration", "Telelaunch.EndToEnd.App", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "reach");

    public static async Task<string> CompileAsync(TestCluster cluster, string compiler, string file, params string[] options)
    {
        var program = Path.Combine(cluster.Scratch, $"{Path.GetFileNameWithoutExtension(file)}-{compiler}{string.Concat(options)}");
        if (File.Exists(program)) return program;
        await using var run = await ProcessRun.CompleteAsync(compiler, ["-O1", "-o", program, Source(file), .. options]);
        Assert.True(run.ExitCode == 0, run.ToString());
        return program;
    }

    /// <summary>Builds a Go program without cgo: static, with Go's own resolver.</summary>
    public static async Task<string> CompileGoAsync(TestCluster cluster, string file)
    {
        var program = Path.Combine(cluster.Scratch, $"{Path.GetFileNameWithoutExtension(file)}-go");
        if (File.Exists(program)) return program;
        await using var run = await ProcessRun.CompleteAsync("go", ["build", "-o", program, Source(file)], new Dictionary<string, string?> { ["CGO_ENABLED"] = "0", ["GOTOOLCHAIN"] = "local" });
        Assert.True(run.ExitCode == 0, run.ToString());
        return program;
    }
}
