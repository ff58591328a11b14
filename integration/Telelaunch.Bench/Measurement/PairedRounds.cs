namespace Telelaunch.Bench.Measurement;

/// <summary>Rounds, each of which runs every variant once, in an order of its own.</summary>
/// <remarks>
/// Whatever drifts on the machine hits all variants of a round alike, and none always first. Warm-up rounds run like the others and aren't kept.
/// </remarks>
/// <param name="count">Rounds that count.</param>
/// <param name="warmUps">Rounds before them.</param>
internal sealed class PairedRounds(int count, int warmUps, Random random)
{
    /// <summary>Runs all rounds.</summary>
    /// <returns>For each variant what was measured, in the order of the rounds.</returns>
    public async Task<Dictionary<TVariant, List<TSample>>> RunAsync<TVariant, TSample>(
        IReadOnlyList<TVariant> variants, Func<TVariant, CancellationToken, Task<TSample>> measure, CancellationToken cancellationToken)
        where TVariant : notnull
    {
        var samples = variants.ToDictionary(variant => variant, _ => new List<TSample>(count));
        for (int round = -warmUps; round < count; round++)
        {
            TVariant[] order = [.. variants];
            random.Shuffle(order);
            foreach (TVariant variant in order)
            {
                TSample sample = await measure(variant, cancellationToken);
                if (round >= 0)
                    samples[variant].Add(sample);
            }
        }

        return samples;
    }
}
