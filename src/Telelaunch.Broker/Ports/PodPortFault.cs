using Telelaunch.Net;

namespace Telelaunch.Broker.Ports;

/// <summary>Why the pod can't listen on a port: code, cause and remedy.</summary>
public static class PodPortFault
{
    /// <param name="errno">What bind(2) or listen(2) gave in the pod.</param>
    public static ClusterException Of(ExposedPort port, int errno)
    {
        ArgumentNullException.ThrowIfNull(port);
        return errno switch
        {
            Errno.EADDRINUSE => new(
                "pod-port-taken",
                $"The pod's port {port.PodPort} is taken: something in the pod listens there already (EADDRINUSE).",
                $"Name another port of the pod: {Option(port)} {port.HostPort}:POD. Or stop the container that has it."),
            Errno.EACCES => new(
                "pod-port-not-permitted",
                $"The pod may not listen on port {port.PodPort}: ports below 1024 need a right that it hasn't (EACCES).",
                $"Name a port above 1023: {Option(port)} {port.HostPort}:POD. Or give the pod the safe sysctl net.ipv4.ip_unprivileged_port_start=0."),
            _ => new(
                "pod-port-refused",
                $"The pod can't listen on port {port.PodPort}: {Errno.NameOf(errno)}.",
                $"Name another port of the pod: {Option(port)} {port.HostPort}:POD. Or look at the agent pod: kubectl describe pod."),
        };
    }

    private static string Option(ExposedPort port) => port.Origin == ExposeOrigin.FromPod ? "--from-pod" : "--expose";
}
