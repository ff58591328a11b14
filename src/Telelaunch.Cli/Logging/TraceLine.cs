using System.Globalization;
using Telelaunch.Broker;
using Telelaunch.Broker.Managed;
using Telelaunch.Broker.Ports;
using Telelaunch.Net;

namespace Telelaunch.Cli.Logging;

/// <summary>A flow or a lookup as a line of <c>--trace</c>.</summary>
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

    private static string Seconds(TimeSpan duration) => duration.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture) + "s";
}
