using Xunit;

namespace Telelaunch.EndToEnd.Dotnet;

/// <summary>Launch form × runtime × client: each reaches the cluster.</summary>
[Collection(TestCluster.Name)]
public sealed class DotnetFormTests(TestCluster cluster, DotnetFormTests.AllForms all) : IClassFixture<DotnetFormTests.AllForms>
{
    public static TheoryData<string, string> Matrix()
    {
        TheoryData<string, string> matrix = [];
        foreach (var runtime in DotnetPrograms.Runtimes)
        {
            foreach (var form in DotnetPrograms.Forms) matrix.Add(runtime, form);
        }

        return matrix;
    }

    [Theory, MemberData(nameof(Matrix))]
    public void EachClient_ReachesTheCluster(string runtime, string form)
    {
        var output = all.OutputOf(runtime, form);
        foreach (var (client, answer) in DotnetPrograms.Clients)
            Assert.True(output.Any(line => line.StartsWith($"{client}: {answer}", StringComparison.Ordinal)), $"{client} of {runtime} {form}\n{all.Run}");
        Assert.Contains("ended with 0", output);
    }

    [Fact]
    public void Hook_SaysThatEachIsIn_WhereTheRuntimeCanRunOne()
    {
        foreach (var runtime in DotnetPrograms.Runtimes)
            Assert.True(DotnetPrograms.TimesIn(all.Run!.Errors, "calls", runtime[3..]) == DotnetPrograms.Forms.Except(DotnetPrograms.FormsWithoutHooks).Count(), $"{runtime}\n{all.Run}");
    }

    [Fact]
    public async Task ParentThatStartsPrograms_TheyAreInTheClusterToo()
    {
        var children = new[] { "muxer", "apphost", "native-aot" }.Select(form => string.Join(' ', DotnetPrograms.Command("net10.0", form)));
        await using var run = await cluster.TelelaunchAsync(
            [.. DotnetPrograms.RunWithHook(cluster), .. DotnetPrograms.Command("net10.0", "muxer"), "--start", .. children], DotnetPrograms.Variables);
        Assert.True(run.ExitCode == 0, run.ToString());
        // The parent, and the two children that can run one.
        Assert.Equal(3, DotnetPrograms.TimesIn(run.Errors, "calls"));
        foreach (var (client, answer) in DotnetPrograms.Clients) Assert.Equal(3, run.Output.Split($"{client}: {answer}").Length - 1);
    }

    /// <summary>All of them in one session, one after the other.</summary>
    public sealed class AllForms(TestCluster cluster) : IAsyncLifetime
    {
        private readonly GrpcWorkload _grpc = new(cluster);
        private Dictionary<string, string[]> _outputs = [];

        internal ProcessRun? Run { get; private set; }

        public async Task InitializeAsync()
        {
            await _grpc.InitializeAsync();
            var script = string.Concat(
                from runtime in DotnetPrograms.Runtimes
                from form in DotnetPrograms.Forms
                select $"echo '== {runtime} {form}'; {string.Join(' ', DotnetPrograms.Command(runtime, form))}; echo \"ended with $?\"\n");
            Run = await cluster.TelelaunchAsync([.. DotnetPrograms.RunWithHook(cluster), "sh", "-c", script], DotnetPrograms.Variables);
            _outputs = Run.Output.Split("== ", StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('\n')).ToDictionary(lines => lines[0], lines => lines[1..]);
        }

        /// <summary>The lines that one of them wrote; none where it didn't get so far.</summary>
        public string[] OutputOf(string runtime, string form) => _outputs.GetValueOrDefault($"{runtime} {form}", []);

        public async Task DisposeAsync()
        {
            if (Run is not null) await Run.DisposeAsync();
            await _grpc.DisposeAsync();
        }
    }
}
