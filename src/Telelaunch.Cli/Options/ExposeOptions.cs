using Telelaunch.Broker.Ports;

namespace Telelaunch.Cli.Options;

/// <summary>Which ports of the pod lead here, and which of loopback lead there.</summary>
/// <param name="Ports">Of <c>--expose</c> and <c>--from-pod</c>; no two with one port of the pod.</param>
/// <param name="FollowsCommand"><c>--expose auto</c></param>
/// <param name="ToPod"><c>--to-pod</c></param>
internal sealed record ExposeOptions(IReadOnlyList<ExposedPort> Ports, bool FollowsCommand, IReadOnlyList<int> ToPod)
{
    /// <summary>Whether callers are to come at all.</summary>
    public bool IsAny => Ports.Count > 0 || FollowsCommand;

    /// <summary>The pod's ports that <c>--expose</c> names: what a Service in front of it has.</summary>
    public IReadOnlyList<int> AskedPodPorts => [.. Ports.Where(port => port.Origin == ExposeOrigin.Asked).Select(port => port.PodPort)];

    /// <summary>With the TCP ports that a container declares: each leads to the same port here, unless an option names it.</summary>
    public ExposeOptions WithDeclared(IReadOnlyList<int> declared) => this with
    {
        Ports =
        [
            .. Ports,
            .. declared.Distinct().Where(port => Ports.All(asked => asked.PodPort != port)).Select(port => new ExposedPort(port, port, ExposeOrigin.Declared)),
        ],
    };
}
