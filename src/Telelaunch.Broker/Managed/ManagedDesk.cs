using System.Text;

namespace Telelaunch.Broker.Managed;

/// <summary>Takes what processes tell of themselves: HELLO and TRACE.</summary>
/// <remarks>Processes of this user, but programs of anybody's: lengths are bounded, and text is made fit for a terminal before it is passed on.</remarks>
internal sealed class ManagedDesk(NameContext context, DetourJudge detours)
{
    // SOURCE 1 | ZERO 3 | STATUS 4 | COUNT 4 | runtime NUL application NUL
    private const int HelloHeadLength = 12;
    private const int MaximumNameLength = 256;
    private const int MaximumErrno = 4095;
    private const int MaximumSlots = 1_000_000;
    private const int MaximumProcesses = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, string> _names = [];

    /// <returns>False: it isn't a HELLO.</returns>
    internal bool TryTakeHello(ControlRequest request)
    {
        ReadOnlySpan<byte> body = request.Body.Span;
        if (body.Length < HelloHeadLength || body[1..4].ContainsAnyExcept((byte)0))
            return false;
        var source = (HelloSource)body[0];
        int status = BitConverter.ToInt32(body[4..]);
        int count = BitConverter.ToInt32(body[8..]);
        ReadOnlySpan<byte> text = body[HelloHeadLength..];
        int end = text.IndexOf((byte)0);
        if (source is < HelloSource.StartupHook or > HelloSource.ShimDetached || status is < 0 or > MaximumErrno || count is < 0 or > MaximumSlots || end < 0)
            return false;
        ReadOnlySpan<byte> application = text[(end + 1)..];
        if (application.IsEmpty || application.IndexOf((byte)0) != application.Length - 1)
            return false;
        context.Records(new HelloRecord(
            context.Time.GetUtcNow(),
            source,
            request.Peer.ProcessId,
            NameAnew(request.Peer.ProcessId),
            status,
            count,
            PrintableText.Of(text[..end], MaximumNameLength),
            PrintableText.Of(application[..^1], MaximumNameLength)));
        return true;
    }

    /// <returns>False: it isn't a TRACE, or has a line that isn't understood.</returns>
    internal bool TryTakeTrace(ControlRequest request)
    {
        var process = new ManagedProcess(request.Peer.ProcessId, NameOf(request.Peer.ProcessId));
        if (!TraceBatch.TryRead(request.Body.Span, process, context.Time.GetUtcNow(), out List<BrokerRecord> records))
            return false;
        foreach (BrokerRecord record in records)
        {
            if (record is DetourRecord detour)
                detours.Judge(detour);
            else
                context.Records(record);
        }

        return true;
    }

    // Its last packet is read when the process has ended, and has no name in /proc any more.
    private string NameOf(int processId)
    {
        lock (_lock)
        {
            if (_names.TryGetValue(processId, out string? name))
                return name;
        }

        return NameAnew(processId);
    }

    private string NameAnew(int processId)
    {
        string name = PrintableText.Of(Encoding.UTF8.GetBytes(ProcessIdentity.NameOf(processId)), MaximumNameLength);
        lock (_lock)
        {
            if (_names.Count < MaximumProcesses || _names.ContainsKey(processId))
                _names[processId] = name;
        }

        return name;
    }
}
