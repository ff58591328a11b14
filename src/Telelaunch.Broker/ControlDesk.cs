using System.Net;
using System.Text;
using Telelaunch.Broker.Managed;
using Telelaunch.Broker.Ports;
using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Broker;

/// <summary>Hands each control request to who answers it.</summary>
internal sealed class ControlDesk(FlowOpener flows, PodNames names, AppListeners listeners, PodFileDesk files, ManagedDesk managed)
{
    // RFC 1035 §2.3.4, as text with a trailing dot.
    private const int MaximumNameLength = 254;

    internal async ValueTask<ControlAnswer> AnswerAsync(ControlRequest request, CancellationToken cancellationToken) => request.Kind switch
    {
        ControlKind.Dial => await flows.DialAsync(request, cancellationToken),
        ControlKind.Flow => flows.Describe(request),
        ControlKind.LookUp => await LookUpAsync(request, cancellationToken),
        ControlKind.Reverse => await ReverseAsync(request, cancellationToken),
        ControlKind.Query => await QueryAsync(request, cancellationToken),
        ControlKind.Listening => TakeListening(request),
        ControlKind.File => await FileAsync(request, cancellationToken),
        ControlKind.Hello => Taken(managed.TryTakeHello(request)),
        ControlKind.Trace => Taken(managed.TryTakeTrace(request)),
        _ => ControlAnswer.Malformed,
    };

    private static ControlAnswer Taken(bool isWellFormed) => isWellFormed ? ControlAnswer.None : ControlAnswer.Malformed;

    private ControlAnswer TakeListening(ControlRequest request)
    {
        ReadOnlySpan<byte> body = request.Body.Span;
        if (body.Length != ControlEndPoint.Length + sizeof(ulong) || !ControlEndPoint.TryRead(body[..ControlEndPoint.Length], out IPEndPoint own))
            return ControlAnswer.Malformed;
        listeners.Add(own, BitConverter.ToUInt64(body[ControlEndPoint.Length..]));
        return ControlAnswer.None;
    }

    private async ValueTask<ControlAnswer> LookUpAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        const ushort Known = ControlProtocol.LookUpA | ControlProtocol.LookUpAaaa;
        if (request.Body.Length is 0 or > MaximumNameLength || (request.Flags & Known) == 0 || request.Body.Span.Contains((byte)0))
            return ControlAnswer.Malformed;
        var families = (AddressFamilies)(request.Flags & Known);
        AddressLookup lookup = await names.LookUpAsync(Encoding.UTF8.GetString(request.Body.Span), families, request.Peer.ProcessId, cancellationToken);
        return new ControlAnswer(true, ControlReply.Addresses(lookup));
    }

    private async ValueTask<ControlAnswer> ReverseAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        if (!ControlEndPoint.TryRead(request.Body.Span, out IPEndPoint endPoint))
            return ControlAnswer.Malformed;
        return new ControlAnswer(true, ControlReply.Names(await names.ReverseAsync(endPoint.Address, request.Peer.ProcessId, cancellationToken)));
    }

    private async ValueTask<ControlAnswer> QueryAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        if (!DnsQuestion.TryRead(request.Body.Span, out _))
            return ControlAnswer.Malformed;
        ReadOnlyMemory<byte> answer = (request.Flags & ControlProtocol.QuerySearch) != 0
            ? await names.SearchAsync(request.Body, cancellationToken)
            : await names.QueryAsync(request.Body, cancellationToken);
        return new ControlAnswer(true, ControlReply.Answer(answer.Span));
    }

    private async ValueTask<ControlAnswer> FileAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        if (!ControlFile.TryRead(request, out PodFileQuestion question))
            return ControlAnswer.Malformed;
        return new ControlAnswer(true, ControlFile.Reply(await files(question, cancellationToken)));
    }
}
