using Telelaunch.Bench.Measurement;

namespace Telelaunch.Bench.Tests.Measurement;

public sealed class PairedRoundsTests
{
    private static readonly string[] s_variants = ["a", "b", "c", "d"];

    [Fact]
    public async Task EachRoundRunsEachVariantOnce_InChangingOrder()
    {
        var ran = new List<string>();

        await Rounds(count: 20, warmUps: 0).RunAsync(s_variants, (variant, _) => Kept(ran, variant), CancellationToken.None);

        string[][] rounds = [.. ran.Chunk(s_variants.Length)];
        Assert.Equal(20, rounds.Length);
        Assert.All(rounds, round => Assert.Equal(s_variants, round.Order()));
        Assert.True(rounds.Select(round => string.Concat(round)).Distinct().Count() > 1);
    }

    [Fact]
    public async Task SamplesOfOneRoundHaveOneIndex_AndWarmUpsAreDropped()
    {
        var ran = new List<string>();

        var samples = await Rounds(count: 3, warmUps: 2).RunAsync(
            s_variants, async (variant, _) => await Kept(ran, variant) / s_variants.Length, CancellationToken.None);

        Assert.Equal(5 * s_variants.Length, ran.Count);
        Assert.All(s_variants, variant => Assert.Equal([2, 3, 4], samples[variant]));
    }

    private static PairedRounds Rounds(int count, int warmUps) => new(count, warmUps, new Random(1));

    private static Task<int> Kept(List<string> ran, string variant)
    {
        ran.Add(variant);
        return Task.FromResult(ran.Count - 1);
    }
}
