using System.Globalization;
using Telelaunch.Broker;
using Telelaunch.Broker.Managed;
using Telelaunch.Broker.Ports;
using Telelaunch.Net;

namespace Telelaunch.Cli.Logging;

/// <summary>A flow, a lookup or what a .NET application's code does as a line of <c>--trace</c>.</summary>
internal static class TraceLine
{
    public static string Of(BrokerRecord record) => record switch
    {
        FlowRecord flow => string.Create(CultureInfo.InvariantCulture,
            $"{Time(flow)} flow {Process(flow.ProcessName, flow.ProcessId)} {flow.Name ?? "-"} {flow.Destination} {Result(flow.Ending, flow.Errno)} up {flow.BytesUp} down {flow.BytesDown} {Seconds(flow.Duration)}"),
        LookupRecord lookup => string.Create(CultureInfo.InvariantCulture,
            $"{Time(lookup)} lookup {Process("", lookup.ProcessId)} {lookup.Name} by {lookup.Decision}{(lookup.Cached ? " (cached)" : "")} {lookup.Status} {Answer(lookup)} {Seconds(lookup.Duration)}"),
        CallerRecord caller => string.Create(CultureInfo.InvariantCulture,
            $"{Time(caller)} caller {caller.Caller} pod-port {caller.PodPort} {Host(caller.HostEndPoint)} {Result(caller.Ending, caller.Errno)} in {caller.BytesIn} out {caller.BytesOut} {Seconds(caller.Duration)}"),
        PortRecord port => string.Create(CultureInfo.InvariantCulture,
            $"{Time(port)} port {port.Port.PodPort} {port.Port.Origin} {Host(port.HostEndPoint)} {Process(port.ProcessName, port.ProcessId)} {port.State} {Errno.NameOf(port.Errno)}"),
        RequestRecord request => string.Create(CultureInfo.InvariantCulture,
            $"{Time(request)} request {Process(request.Process.Name, request.Process.Id)} {request.Uri} {Named(request.Destination)} {Outcome(request)} {Seconds(request.Duration)}{Phases(request.Phases)}{At(request.Frame)}"),
        PhaseRecord phase => string.Create(CultureInfo.InvariantCulture,
            $"{Time(phase)} managed-{Name(phase.Kind)} {Process(phase.Process.Name, phase.Process.Id)} {Named(phase.Subject)} {(phase.Error.Length == 0 ? "ok" : phase.Error)} {Seconds(phase.Duration)}{At(phase.Frame)}"),
        KestrelRecord kestrel => string.Create(CultureInfo.InvariantCulture,
            $"{Time(kestrel)} kestrel {Process(kestrel.Process.Name, kestrel.Process.Id)} {kestrel.Address}"),
        DroppedRecord dropped => string.Create(CultureInfo.InvariantCulture,
            $"{Time(dropped)} dropped {Process(dropped.Process.Name, dropped.Process.Id)} {dropped.Count} lines: it had more to tell than could be taken"),
        HelloRecord hello => string.Create(CultureInfo.InvariantCulture,
            $"{Time(hello)} in {Process(hello.ProcessName, hello.ProcessId)} {hello.Source} {Named(hello.Application)} {Named(hello.Runtime)} {Errno.NameOf(hello.Errno)}"),
        _ => record.ToString(),
    };

    private static string Named(string text) => text.Length == 0 ? "-" : text;

    private static string Time(BrokerRecord record) => record.Time.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);

    private static string Process(string name, int id) => id == 0 ? "-" : $"{name}[{id.ToString(CultureInfo.InvariantCulture)}]";

    private static string Result(FlowEnding ending, int errno) => errno == 0 ? ending.ToString() : $"{ending} {Errno.NameOf(errno)}";

    private static string Host(System.Net.IPEndPoint? host) => host?.ToString() ?? "-";

    private static string Answer(LookupRecord lookup) => lookup.Answer.Count == 0 ? "-" : string.Join(',', lookup.Answer);

    private static string Outcome(RequestRecord request) => request.Status < 0
        ? $"failed: {Named(request.Error)}"
        : string.Create(CultureInfo.InvariantCulture, $"{(request.Version.Length == 0 ? "HTTP" : $"HTTP/{request.Version}")} {request.Status}");

    private static string Phases(ConnectionPhases phases)
    {
        List<string> told = [];
        if (phases.Lookup is { } lookup) told.Add($"dns {Seconds(lookup)}");
        if (phases.Connect is { } connect) told.Add($"connect {Seconds(connect)}");
        if (phases.Handshake is { } handshake) told.Add($"tls {Seconds(handshake)}");
        return told.Count == 0 ? "" : $" ({string.Join(", ", told)})";
    }

    private static string Name(PhaseKind kind) => kind switch
    {
        PhaseKind.Lookup => "lookup",
        PhaseKind.Connect => "connect",
        _ => "tls",
    };

    private static string At(string frame) => frame.Length == 0 ? "" : $" at {frame}";

    private static string Seconds(TimeSpan? duration) => duration is { } known ? Seconds(known) : "-";

    private static string Seconds(TimeSpan duration) => duration.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture) + "s";
}
