using System.Globalization;
using Telelaunch.Broker;
using Telelaunch.Net;

namespace Telelaunch.Cli.Logging;

/// <summary>A flow or a lookup as a line of <c>--trace</c>.</summary>
internal static class TraceLine
{
    public static string Of(BrokerRecord record) => record switch
    {
        FlowRecord flow => string.Create(CultureInfo.InvariantCulture,
            $"{Time(flow)} flow {Process(flow.ProcessName, flow.ProcessId)} {flow.Name ?? "-"} {flow.Destination} {Result(flow)} up {flow.BytesUp} down {flow.BytesDown} {Seconds(flow.Duration)}"),
        LookupRecord lookup => string.Create(CultureInfo.InvariantCulture,
            $"{Time(lookup)} lookup {Process("", lookup.ProcessId)} {lookup.Name} by {lookup.Decision}{(lookup.Cached ? " (cached)" : "")} {lookup.Status} {Answer(lookup)} {Seconds(lookup.Duration)}"),
        _ => record.ToString(),
    };

    private static string Time(BrokerRecord record) => record.Time.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);

    private static string Process(string name, int id) => id == 0 ? "-" : $"{name}[{id.ToString(CultureInfo.InvariantCulture)}]";

    private static string Result(FlowRecord flow) => flow.Errno == 0 ? flow.Ending.ToString() : $"{flow.Ending} {Errno.NameOf(flow.Errno)}";

    private static string Answer(LookupRecord lookup) => lookup.Answer.Count == 0 ? "-" : string.Join(',', lookup.Answer);

    private static string Seconds(TimeSpan duration) => duration.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture) + "s";
}
