using Telelaunch.Bench.Results;

namespace Telelaunch.Bench.Sections;

/// <summary>One question that the benchmark answers.</summary>
internal interface ISection
{
    /// <summary>As <c>--only</c> names it.</summary>
    string Name { get; }

    Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken);
}
