namespace Telelaunch.Bench.Measurement;

/// <summary>The few statistics that the table is made of.</summary>
internal static class Statistics
{
    /// <summary>The middle value; of an even number the mean of the two in the middle.</summary>
    /// <exception cref="ArgumentException">There is no value.</exception>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
            throw new ArgumentException("No value has no median.", nameof(values));
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>The smallest value that at least <paramref name="percent"/> percent of all don't exceed (nearest rank).</summary>
    /// <param name="values">At least one.</param>
    /// <param name="percent">Above 0, at most 100.</param>
    /// <exception cref="ArgumentException">There is no value.</exception>
    public static double Percentile(IEnumerable<double> values, double percent)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(percent);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, 100);
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
            throw new ArgumentException("No value has no percentile.", nameof(values));
        return sorted[(int)Math.Ceiling(percent / 100 * sorted.Length) - 1];
    }

    /// <summary>The median of value / peer over the rounds in which both were measured.</summary>
    /// <remarks>What disturbs a whole round disturbs both and goes out; a ratio of medians would compare different rounds.</remarks>
    /// <exception cref="ArgumentException">The two have different numbers of rounds, or none.</exception>
    public static double PairedRatio(IReadOnlyList<double> values, IReadOnlyList<double> peers)
    {
        if (values.Count != peers.Count)
            throw new ArgumentException($"{values.Count} rounds can't be paired with {peers.Count}.", nameof(peers));
        return Median(values.Zip(peers, (value, peer) => value / peer));
    }
}
