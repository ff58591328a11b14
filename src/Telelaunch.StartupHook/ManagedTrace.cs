using System;
using System.Collections.ObjectModel;
using System.Diagnostics.Tracing;

namespace Telelaunch.StartupHook;

/// <summary>Follows what the application's code asks of System.Net, by the events that it writes on .NET 8 to 10.</summary>
/// <remarks>
/// The events come on the thread that does the work, RequestStart and ResolutionStart on the caller's own. What belongs together is found by the flow of the
/// execution context: what begins under a request is the request's. Only names are read, never numbers of events: versions differ.
/// </remarks>
internal sealed class ManagedTrace : EventListener
{
    // No event has this keyword: those with one of their own, RequestFailedDetailed with its exception's text first of all, aren't wanted.
    private const EventKeywords WithoutKeyword = (EventKeywords)0x1000_0000;

    // Set before the base class asks for sources.
    private readonly TraceFlows _flows = new();

    /// <summary>Begins to tell.</summary>
    internal void Start(TraceSender sender) => _flows.Sender = sender;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name is "System.Net.Http" or "System.Net.NameResolution" or "System.Net.Sockets" or "System.Net.Security")
            EnableEvents(eventSource, EventLevel.Informational, WithoutKeyword);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        try
        {
            Take(eventData);
        }
        catch (Exception error)
        {
            // Into the application's call it must not go.
            Diagnosis.TrySay($"the trace missed an event, the application runs on: {error.GetType().Name}: {error.Message}");
        }
    }

    private void Take(EventWrittenEventArgs told)
    {
        // What a name means doesn't depend on the source: no two of the four share one that is used here.
        switch (told.EventName)
        {
            case "RequestStart":
                _flows.BeginRequest(new HttpRequestRecord(Text(told, "scheme"), Text(told, "host"), (int)Number(told, "port"), Text(told, "pathAndQuery"), UserFrame.Find()));
                break;
            case "RequestHeadersStart":
                _flows.UseConnection(Number(told, "connectionId"));
                break;
            case "ConnectionEstablished":
                _flows.Establish(Number(told, "connectionId"), $"{Number(told, "versionMajor")}.{Number(told, "versionMinor")}", Text(told, "host"), (int)Number(told, "port"));
                break;
            case "ConnectionClosed":
                _flows.Close(Number(told, "connectionId"));
                break;
            case "Redirect":
                _flows.Redirect();
                break;
            case "RequestFailed":
                _flows.FailRequest(Text(told, "exceptionMessage"));
                break;
            case "RequestStop":
                _flows.EndRequest((int)Number(told, "statusCode"));
                break;
            case "ResolutionStart":
                _flows.BeginLookup(Text(told, "hostNameOrAddress"));
                break;
            case "ResolutionFailed":
                _flows.FailLookup();
                break;
            case "ResolutionStop":
                _flows.EndLookup();
                break;
            case "ConnectStart":
                _flows.BeginConnect(SocketAddressText.EndPoint(Text(told, "address")));
                break;
            case "ConnectFailed":
                _flows.FailConnect((int)Number(told, "error"));
                break;
            case "ConnectStop":
                _flows.EndConnect();
                break;
            case "HandshakeStart":
                _flows.BeginHandshake(Text(told, "targetHost"), Truth(told, "isServer"));
                break;
            case "HandshakeFailed":
                _flows.FailHandshake(Text(told, "exceptionMessage"));
                break;
            case "HandshakeStop":
                _flows.EndHandshake();
                break;
        }
    }

    private static object? Value(EventWrittenEventArgs told, string name)
    {
        ReadOnlyCollection<string>? names = told.PayloadNames;
        for (int i = 0; names is not null && i < names.Count; i++)
        {
            if (names[i] == name)
                return told.Payload?[i];
        }

        return null;
    }

    private static string Text(EventWrittenEventArgs told, string name) => Value(told, name) as string ?? "";

    /// <summary>-1 where this version doesn't tell it.</summary>
    private static long Number(EventWrittenEventArgs told, string name) => Value(told, name) switch
    {
        int number => number,
        long number => number,
        byte number => number,
        short number => number,
        Enum number => Convert.ToInt64(number, System.Globalization.CultureInfo.InvariantCulture),
        _ => -1,
    };

    private static bool Truth(EventWrittenEventArgs told, string name) => Value(told, name) is true;
}
