using System.Text;
using Xunit;

namespace Telelaunch.EndToEnd.Dotnet;

/// <summary>The SDK's servers outlive the run: they know nothing of it.</summary>
[Collection(TestCluster.Name)]
public sealed class DotnetServerTests(TestCluster cluster)
{
    /// <summary>Tells processes that this test has started, and theirs, from all others of the machine.</summary>
    private readonly string _mark = $"DOTNET_SERVER_TESTS={Guid.NewGuid():N}";

    [Fact]
    public async Task AfterBuildRunTestAndWatch_NoServerKnowsTheSession()
    {
        // A folder of its own for temporary files is one for the compiler server's pipe, too, and nodes are told apart by a salt: those of other builds aren't found.
        var temporary = Directory.CreateDirectory(Path.Combine(cluster.Scratch, "servers")).FullName;
        var calls = DotnetPrograms.Project("Calls");
        var muxer = DotnetPrograms.Muxer;
        // Two nodes, and a compiler server: as on a developer's machine.
        string[] commands =
        [
            $"touch {calls}/Call.cs",
            $"{muxer} build -c Release -m:2 --nologo -v quiet {calls}",
            $"{muxer} run -c Release -f net10.0 --project {calls} Dns",
            $"{muxer} test -c Release -f net10.0 --nologo -v quiet {DotnetPrograms.Project("Calls.VsTest")} --filter Dns",
            $"{{ {muxer} watch --non-interactive --project {calls} run -f net10.0 Dns > {temporary}/watched & }}",
            $"until grep -q ^Dns: {temporary}/watched; do sleep 0.1; done",
            "kill -TERM $!",
            "{ wait $!; true; }",
        ];
        // Servers keep the output of whoever started them: a pipe would be open as long as they live.
        var output = Path.Combine(temporary, "output");
        await using var run = await cluster.TelelaunchAsync([.. DotnetPrograms.RunWithHook(cluster), "sh", "-c", $"{{ {string.Join(" && ", commands)}; }} > {output} 2>&1"],
            (_mark.Split('=')[0], _mark.Split('=')[1]), ("TMPDIR", temporary), ("MSBUILDNODEHANDSHAKESALT", _mark), ("DOTNET_ROOT", null), ("DOTNET_ROOT_X64", null),
            ("MSBUILDDISABLENODEREUSE", null), ("UseSharedCompilation", null), ("DOTNET_CLI_USE_MSBUILD_SERVER", null));
        try
        {
            var said = $"{run}\n{await File.ReadAllTextAsync(output)}";
            var servers = Marked();
            Assert.True(servers.Any(server => server.Command.Contains("VBCSCompiler", StringComparison.Ordinal)), $"no compiler server is left to look at\n{said}");
            Assert.True(servers.Any(server => server.Command.Contains("nodemode", StringComparison.OrdinalIgnoreCase)), $"no MSBuild node is left to look at\n{said}");
            Assert.All(servers, server =>
            {
                Assert.DoesNotContain("libtelelaunch", server.Maps, StringComparison.Ordinal);
                Assert.DoesNotContain("StartupHook", server.Maps, StringComparison.Ordinal);
                Assert.DoesNotContain(server.Variables, variable => variable.StartsWith("TELELAUNCH_", StringComparison.Ordinal)
                    || variable.Contains("libtelelaunch", StringComparison.Ordinal) || variable.Contains("Telelaunch.StartupHook", StringComparison.Ordinal));
                Report.Add("dotnet-servers", $"{server.Id,8}  {(server.Command.Contains("VBCSCompiler", StringComparison.Ordinal) ? "VBCSCompiler" : "MSBuild node")}  no shim mapped, none of our variables");
            });
            Assert.True(run.ExitCode == 0, said);
        }
        finally
        {
            foreach (var server in Marked()) await (await ProcessRun.CompleteAsync("kill", ["-KILL", $"{server.Id}"])).DisposeAsync();
        }
    }

    private List<Server> Marked() => [.. from directory in Directory.GetDirectories("/proc")
                                         where int.TryParse(Path.GetFileName(directory), out _)
                                         let server = Server.Read(directory)
                                         where server?.Variables.Contains(_mark) == true
                                         select server];

    private sealed record Server(int Id, string Command, string Maps, IReadOnlyList<string> Variables)
    {
        public static Server? Read(string directory)
        {
            try
            {
                var variables = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(directory, "environ"))).Split('\0');
                var command = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(directory, "cmdline"))).Replace('\0', ' ');
                return new(int.Parse(Path.GetFileName(directory), System.Globalization.CultureInfo.InvariantCulture), command, File.ReadAllText(Path.Combine(directory, "maps")), variables);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile.
                return null;
            }
        }
    }
}
