using Telelaunch.Bench.Cluster;
using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench;

/// <summary>What all sections work with.</summary>
/// <param name="Cluster">The cluster under measurement.</param>
/// <param name="Artifacts">Where <c>telelaunch</c> is.</param>
/// <param name="Sources">Where this project's manifests and programs are.</param>
/// <param name="Scratch">For files of this run; removed at its end.</param>
/// <param name="Flows">The compiled application.</param>
/// <param name="IsQuick">Fewer rounds, for a first look.</param>
/// <param name="Random">Orders the runs.</param>
/// <param name="Say">Tells a person what goes on.</param>
internal sealed record Workbench(BenchNamespace Cluster, string Artifacts, string Sources, string Scratch, string Flows, bool IsQuick, Random Random, Action<string> Say)
{
    /// <summary>Path of a program of this project.</summary>
    public string Program(string name) => Path.Combine(Sources, "programs", name);

    /// <summary>Path of a program that this project shares with the tests.</summary>
    public string SharedProgram(string name) => Path.Combine(Sources, "..", "programs", name);

    public string Telelaunch => Path.Combine(Artifacts, "telelaunch");

    public RouteOpener OpenRoutes(string kubeconfig) => new(Cluster, kubeconfig, Telelaunch, Flows);

    /// <param name="count">Rounds that count; a quick run has a third of them, at least two.</param>
    public PairedRounds Rounds(int count) => new(IsQuick ? Math.Max(2, count / 3) : count, warmUps: 1, Random);
}
