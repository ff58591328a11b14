namespace Telelaunch.Cluster;

/// <summary>Something about a workload that whoever swaps it should know.</summary>
/// <param name="Code">Stable, kebab-case.</param>
/// <param name="Cause">One sentence.</param>
/// <param name="Remedy">What to do about it, or what follows from it.</param>
/// <param name="Refuses">A swap would do harm: none is begun.</param>
public sealed record SwapFinding(string Code, string Cause, string Remedy, bool Refuses = false)
{
    public override string ToString() => $"{Cause} {Remedy}";
}
