using Telelaunch.Cli.Output;
using Telelaunch.Targets;

namespace Telelaunch.Cli.Commands;

/// <summary>What every command gets of the process that it runs in.</summary>
/// <param name="Signals">As they were before anything of ours handled one.</param>
internal sealed record Surroundings(Screen Screen, InheritedSignals Signals, TimeProvider Time);
