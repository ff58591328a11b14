using System.Diagnostics;
using System.Globalization;
using Telelaunch.Net;

namespace Telelaunch.Playground.Commands;

/// <summary>Lays a cable between the node and the network namespace of a process: the node is a neighbour there, as that of minikube or kind is of its host.</summary>
internal static class LinkCommand
{
    // The node's own address is on its lo; it answers for it on every link (arp_ignore 0, ip-sysctl). Name and address are of the process's number, because a namespace
    // that has ended keeps its cable for a moment.
    //   PID's namespace: node0 10.243.x.y/16  ══  machPID, with a route back: the node
    private const string Script =
        """
        nsenter --net=/proc/$2/ns/net ip link add node0 type veth peer name mach$2 netns $1
        nsenter --net=/proc/$2/ns/net ip addr add $3/16 dev node0
        nsenter --net=/proc/$2/ns/net ip link set node0 up
        nsenter --net=/proc/$1/ns/net ip link set mach$2 up
        nsenter --net=/proc/$1/ns/net ip route add $3/32 dev mach$2
        """;

    public static async Task<int> RunAsync(Options options, string process, CancellationToken cancellation)
    {
        if (!uint.TryParse(process, CultureInfo.InvariantCulture, out var id))
            throw new FormatException($"link needs the number of a process, not {process}");
        if (options.State.DaemonId is null)
            throw new HostException("playground-down", "No playground runs.", $"playground up --state {options.State.Path}");
        var holder = (await File.ReadAllTextAsync(options.State.NodeHolder, cancellation)).Trim();
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-ec", Script, "link", holder, process, $"10.243.{1 + (id / 250 % 250)}.{1 + (id % 250)}"]) { RedirectStandardError = true })!;
        var error = await shell.StandardError.ReadToEndAsync(cancellation);
        await shell.WaitForExitAsync(cancellation);
        return shell.ExitCode == 0
            ? 0
            : throw new HostException("playground-link", $"The node can't be linked to process {process}: {error.Trim()}", "Run it as root, once for a network namespace.");
    }
}
