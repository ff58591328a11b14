using Telelaunch.Playground.Node.Containers;
using Telelaunch.Playground.Node.Images;
using Telelaunch.Playground.Node.Network;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>What all pods of the node share.</summary>
internal sealed record NodeParts(ObjectStore Store, NodeSettings Settings, TimeProvider Time, ILogger Logger)
{
    public required NodeSandbox Sandbox { get; init; }

    public required PodNetwork Network { get; init; }

    public required Runc Runc { get; init; }

    public required ImageStore Images { get; init; }

    public required PodEvents Events { get; init; }
}
