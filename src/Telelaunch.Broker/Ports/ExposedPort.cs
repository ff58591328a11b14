using System.Net;

namespace Telelaunch.Broker.Ports;

/// <summary>Why a port of the pod leads here.</summary>
public enum ExposeOrigin
{
    /// <summary><c>--expose LOCAL[:POD]</c></summary>
    Asked,

    /// <summary>The container that the agent stands in for declares it.</summary>
    Declared,

    /// <summary><c>--from-pod LOCAL[:POD]</c>: for the pod's other containers, on its loopback alone.</summary>
    FromPod,

    /// <summary><c>--expose auto</c>: the command listens there.</summary>
    Followed,
}

/// <summary>A port of the pod that leads to a port of this machine.</summary>
/// <param name="HostPort">1 to 65535, on this machine.</param>
/// <param name="PodPort">1 to 65535, in the pod.</param>
public sealed record ExposedPort(int HostPort, int PodPort, ExposeOrigin Origin)
{
    /// <summary>Where the agent listens: on the pod's loopback for its other containers, else on all addresses of the pod.</summary>
    public IPEndPoint PodEndPoint => new(Origin == ExposeOrigin.FromPod ? IPAddress.Loopback : IPAddress.IPv6Any, PodPort);
}
