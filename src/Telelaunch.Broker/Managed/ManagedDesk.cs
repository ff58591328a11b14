namespace Telelaunch.Broker.Managed;

/// <summary>Takes what processes tell of themselves: HELLO.</summary>
/// <remarks>Processes of this user, but programs of anybody's: lengths are bounded, and text is made fit for a terminal before it is passed on.</remarks>
internal sealed class ManagedDesk(Action<BrokerRecord> records, TimeProvider time)
{
    // SOURCE 1 | ZERO 3 | STATUS 4 | COUNT 4 | runtime NUL application NUL
    private const int HelloHeadLength = 12;
    private const int MaximumErrno = 4095;
    private const int MaximumNameLength = 256;
    private const int MaximumSlots = 1_000_000;

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
        if (application.IndexOf((byte)0) != application.Length - 1)
            return false;
        records(new HelloRecord(
            time.GetUtcNow(),
            source,
            request.Peer.ProcessId,
            PrintableText.Of(System.Text.Encoding.UTF8.GetBytes(ProcessIdentity.NameOf(request.Peer.ProcessId)), MaximumNameLength),
            status,
            count,
            PrintableText.Of(text[..end], MaximumNameLength),
            PrintableText.Of(application[..^1], MaximumNameLength)));
        return true;
    }
}
