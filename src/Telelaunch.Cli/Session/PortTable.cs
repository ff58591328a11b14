using System.Net;
using Telelaunch.Broker.Managed;
using Telelaunch.Broker.Ports;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Session;

/// <summary>Says which ports lead where, in both directions: as a table at the start, and a line for each change.</summary>
/// <param name="pod">The pod's addresses, the one that callers use first.</param>
/// <param name="services">Services that lead to a port of the pod, as <c>NAME:PORT</c>; empty where none is known.</param>
/// <param name="attached">The process that the session is for; null where it is for a command.</param>
internal sealed class PortTable(Screen screen, IReadOnlyList<IPAddress> pod, ILookup<int, string> services, int? attached = null)
{
    private readonly string _who = attached is null ? "the command" : "the attached process";
    private volatile ExposeOptions? _shown;

    /// <summary>The table at the start.</summary>
    public void Show(IReadOnlyList<PortRecord> ports, ExposeOptions options, IProgressDisplay display)
    {
        foreach (var record in ports) display.Note($"{Way(record)}: {(record.State == PortState.Unserved ? "nobody listens yet; callers are refused" : Now(record))}");
        if (options.FollowsCommand) display.Note($"callers of {Address(pod)} → whatever port the command listens on: nothing yet; callers are refused");
        foreach (var port in options.ToPod) display.Note($"{_who} at localhost:{port} → localhost:{port} of the pod");
        _shown = options;
    }

    /// <summary>A change, as soon as the table has been shown; before, it will be in the table.</summary>
    public void Change(PortRecord record)
    {
        // The tunnel's own banner says that nobody comes through.
        if (_shown is null || record.State == PortState.TunnelDown) return;
        screen.Say(record.State == PortState.Unserved
            ? $"{record.Port.HostPort} isn't listened on any more: callers of {Target(record.Port)} are refused"
            : record.State == PortState.PodRefused ? $"{record.Port.HostPort} {Now(record)}" : $"{record.Port.HostPort} {Now(record)}: {Way(record)}");
        if (record.State == PortState.PodRefused) screen.Say(PodPortFault.Of(record.Port, record.Errno).Remedy);
    }

    /// <summary>Where Kestrel says it listens: that a port leads there, or that none does.</summary>
    public void Confirm(KestrelRecord record)
    {
        if (_shown is not { } options) return;
        var who = $"Kestrel of {record.Process.Name} (pid {record.Process.Id})";
        if (PortOf(record.Address) is not { } port)
            Warn("Have it listen on a TCP port too, by ASPNETCORE_URLS=http://127.0.0.1:8080 for example.");
        else if (!options.FollowsCommand && !options.Ports.Any(exposed => exposed.HostPort == port))
            Warn($"Add --expose {port} or --expose {port}:POD_PORT, or have it listen on a port that is exposed.");
        else
            screen.Say($"{port} is confirmed by {who}: {record.Address}{(record.Address.StartsWith("https:", StringComparison.OrdinalIgnoreCase) ? "; callers must speak TLS" : "")}");

        void Warn(string remedy)
        {
            screen.Say($"{who} listens on {record.Address}, where no port of the pod leads");
            screen.Say(remedy);
        }
    }

    // IServerAddressesFeature: SCHEME://HOST:PORT, or http://unix:/PATH.
    private static int? PortOf(string address) =>
        !address.Contains("://unix:/", StringComparison.OrdinalIgnoreCase) && Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Port > 0 ? uri.Port : null;

    private string Way(PortRecord record)
    {
        var host = record.HostEndPoint ?? new IPEndPoint(IPAddress.Loopback, record.Port.HostPort);
        return $"callers of {Target(record.Port)} → {host}";
    }

    private string Target(ExposedPort port)
    {
        if (port.Origin == ExposeOrigin.FromPod) return $"localhost:{port.PodPort} in the pod";
        var names = services[port.PodPort].ToList();
        var address = new IPEndPoint(pod.Count == 0 ? IPAddress.Any : pod[0], port.PodPort);
        return names.Count == 0 ? $"{address}" : $"{address} (Service {string.Join(", ", names)})";
    }

    private string Now(PortRecord record) => record.State switch
    {
        PortState.PodRefused => $"is served by {Holder(record)}, but callers get no further: {PodPortFault.Of(record.Port, record.Errno).Message}",
        _ => $"is served by {Holder(record)}",
    };

    private string Holder(PortRecord record)
    {
        var name = record.ProcessId == 0 ? "a process that isn't visible" : $"{record.ProcessName} (pid {record.ProcessId})";
        if (record.IsCommand || record.ProcessId == attached) return name;
        return $"{name}, which isn't {_who}";
    }

    private static string Address(IReadOnlyList<IPAddress> addresses) => addresses.Count == 0 ? "the pod" : addresses[0].ToString();
}
