using System.Globalization;
using System.Text.Json;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Filter;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Routing.Helper;

/// <summary>The privileged helper: does for one launcher what needs rights, and undoes it when the launcher is gone, whatever the reason.</summary>
/// <param name="launcher">Standard input: a pair's end. Owned.</param>
/// <param name="startGuard">Starts the process that undoes what is left should this one be killed; its channel is owned here.</param>
public sealed class RoutingServer(PacketChannel launcher, Func<PacketChannel> startGuard, HostPaths paths, TimeProvider time)
{
    private HostRouting? _routing;
    private PacketChannel? _guard;
    private bool _isReleased;

    /// <summary>Serves until the launcher ends or says so.</summary>
    /// <returns>The exit code: 0, or 1 where it couldn't do what it was asked for.</returns>
    public int Run()
    {
        byte[] buffer = new byte[RoutingMessage.MaximumLength];
        try
        {
            while (true)
            {
                ReceivedPacket packet = launcher.Receive(buffer);
                packet.Socket?.Dispose();
                if (packet.Status != PacketStatus.Received)
                    return 0;
                Take(RoutingMessage.Read(buffer.AsSpan(0, packet.Length)));
            }
        }
        catch (Exception error) when (error is HostException or FormatException or System.ComponentModel.Win32Exception)
        {
            var refusal = error is HostException known
                ? new RoutingRefusal(known.Code, known.Message, known.Remedy)
                : new RoutingRefusal("routing-request-invalid", $"The helper doesn't understand its launcher: {error.Message}", "Both must be the same program; start it again.");
            // Undone first: whoever reads the refusal may try again at once.
            Undo();
            RoutingMessage.Of("failed", JsonSerializer.Serialize(refusal, RoutingJson.Default.RoutingRefusal)).TrySend(launcher);
            return 1;
        }
        finally
        {
            Undo();
            launcher.Dispose();
        }
    }

    private void Take(RoutingMessage message)
    {
        switch (message.Word)
        {
            case "plan" when _routing is null:
                Prepare(RoutingPlan.Parse(message.Rest));
                break;
            case "catch" when _routing is not null:
                _routing.Catch(
                    held => RoutingMessage.Held(held.Id, held.Source, held.Destination).TrySend(launcher),
                    note => RoutingMessage.Of("note", note).TrySend(launcher));
                RoutingMessage.Of("caught").TrySend(launcher);
                break;
            case "verdict" when _routing?.Held is { } queue:
                Decide(queue, message.Rest);
                break;
            case "add" or "remove" when _routing is not null && AddressRange.TryParse(message.Rest, out AddressRange range):
                Change(message.Word, range);
                break;
            case "undo" when _routing is not null:
                _routing.ReleaseNames();
                _isReleased = true;
                RoutingMessage.Of("undone").TrySend(launcher);
                break;
            default:
                throw new FormatException($"'{message.Word}' at this point");
        }
    }

    private void Prepare(RoutingPlan plan)
    {
        // It lives before anything is written down: there is no moment at which a killed helper leaves its journal.
        _guard = startGuard();
        _routing = HostRouting.Prepare(plan, paths, time);
        HostResolver resolver = _routing.Resolver;
        GiveToGuard(resolver.Upstreams);
        resolver.UpstreamsChanged += upstreams =>
        {
            RoutingMessage.Of("upstreams", upstreams.Select(server => server.ToString())).TrySend(_guard);
            RoutingMessage.Of("upstreams", upstreams.Select(server => server.ToString())).TrySend(launcher);
        };
        resolver.Told += line => RoutingMessage.Of("note", line).TrySend(launcher);
        foreach (var (name, socket) in (ReadOnlySpan<(string, System.Net.Sockets.Socket?)>)[
            ("tcp4", _routing.Flows4), ("tcp6", _routing.Flows6), ("dns-udp", _routing.Questions), ("dns-tcp", _routing.QuestionStreams)])
        {
            if (socket is not null)
                launcher.TrySend(System.Text.Encoding.UTF8.GetBytes($"socket {name}"), socket.SafeHandle);
        }

        RoutingMessage.Of("prepared", JsonSerializer.Serialize(_routing.Describe(), RoutingJson.Default.PreparedRouting)).TrySend(launcher);
        if (_routing.QuestionStreams is null)
            RoutingMessage.Of("note", $"another program listens on port 53 of every address, so lookups by TCP aren't split; those by UDP are").TrySend(launcher);
    }

    private void GiveToGuard(IReadOnlyList<System.Net.IPAddress> upstreams)
    {
        _guard!.TrySend("socket dns-udp"u8, _routing!.Questions.SafeHandle);
        if (_routing.QuestionStreams is { } streams)
            _guard.TrySend("socket dns-tcp"u8, streams.SafeHandle);
        RoutingMessage.Of("upstreams", upstreams.Select(server => server.ToString())).TrySend(_guard);
        RoutingMessage.Of("link", [_routing.LinkIndex.ToString(CultureInfo.InvariantCulture), .. _routing.Addresses.Select(address => address.ToString())]).TrySend(_guard);
    }

    private static void Decide(SynQueue queue, string rest)
    {
        if (rest.Split(' ') is not [string number, string word]
            || !uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out uint id)
            || !Enum.TryParse(word, out SynVerdict verdict))
        {
            throw new FormatException("a verdict that is none");
        }

        queue.Decide(id, verdict);
    }

    private void Change(string word, AddressRange range)
    {
        try
        {
            if (word == "add")
                _routing!.Add(range);
            else
                _routing!.Remove(range);
        }
        catch (HostException error)
        {
            RoutingMessage.Of("note", $"{range} can't be routed: {error.Message}").TrySend(launcher);
        }

        RoutingMessage.Of("changed", range.ToString()).TrySend(launcher);
    }

    private void Undo()
    {
        // Nothing was changed, or a launcher that has asked for the end has answered the last questions itself; else the guard answers them, for a moment.
        bool isDone = _routing is null || _isReleased;
        _routing?.Dispose();
        _routing = null;
        if (_guard is null)
            return;
        if (isDone && RoutingMessage.Of("done").TrySend(_guard))
            _guard.Receive(new byte[1]);
        _guard.Dispose();
        _guard = null;
    }
}
