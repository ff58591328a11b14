using Telelaunch.Fuzz.Tests.Fuzzing;
using Xunit.Abstractions;

namespace Telelaunch.Fuzz.Tests;

/// <summary>Each target, bounded and from a fixed seed: the same inputs at every run.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Seed = 20_261_123;

    public static TheoryData<string> Names => [.. FuzzTargets.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task HostileInput_BreaksNothing(string name)
    {
        Func<FuzzTarget> create = FuzzTargets.All[name];
        int iterations = create().Iterations;
        FuzzReport report = await FuzzRun.RunAsync(create, Seed, coverage: null, done => done < iterations);
        output.WriteLine($"{name}: seed {Seed}, {report.Executions} inputs");
        Assert.True(report.Failure is null, report.Failure?.ToString());
        Assert.Equal(iterations, report.Executions);
    }

    /// <summary>The mutator itself: without it the tests above would send the corpus over and over.</summary>
    [Fact]
    public void SameSeed_GivesTheSameInputs_AnotherSeedOthers()
    {
        byte[][] corpus = [[1, 2, 3, 4, 5, 6, 7, 8], "hello"u8.ToArray()];
        string[] Inputs(int seed)
        {
            var mutator = new Mutator(new Random(seed), 64);
            return [.. Enumerable.Range(0, 200).Select(_ => Convert.ToHexString(mutator.Next(corpus)))];
        }

        Assert.Equal(Inputs(1), Inputs(1));
        Assert.NotEqual(Inputs(1), Inputs(2));
        Assert.True(Inputs(1).Distinct().Count() > 150);
        Assert.All(Inputs(1), input => Assert.InRange(input.Length, 0, 128));
    }

    /// <summary>The runner itself: a target that breaks its promise is told with the input that broke it.</summary>
    [Fact]
    public async Task BrokenPromise_IsToldWithItsInput()
    {
        FuzzReport report = await FuzzRun.RunAsync(() => new FaultyTarget(), Seed, coverage: null, done => done < 10_000);
        Assert.NotNull(report.Failure);
        Assert.True(report.Failure.Input.Length > 0 && report.Failure.Input[0] == 'X');
        Assert.Contains(Convert.ToBase64String(report.Failure.Input), report.Failure.ToString(), StringComparison.Ordinal);
    }

    private sealed class FaultyTarget : FuzzTarget
    {
        public override string Name => "faulty";

        public override int Iterations => 10_000;

        public override IReadOnlyList<byte[]> Corpus => ["hello"u8.ToArray()];

        public override Task RunAsync(byte[] input)
        {
            Oracle.Must(input.Length == 0 || input[0] != 'X', "it begins with X");
            return Task.CompletedTask;
        }
    }
}
