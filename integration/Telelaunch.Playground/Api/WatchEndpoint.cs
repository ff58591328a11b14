using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

// One event a line:  {"type":"ADDED","object":{…}}
// An object that stops matching the selectors is told as DELETED, one that begins to as ADDED.
// BOOKMARK once a minute and two seconds before the end, for who asked for it.

/// <summary>Answers watch requests, over chunked HTTP or a WebSocket.</summary>
public sealed class WatchEndpoint(ObjectStore store, TimeProvider time)
{
    private static readonly TimeSpan BookmarkEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BookmarkBeforeEnd = TimeSpan.FromSeconds(2);

    public async Task WatchAsync(ApiRequest request)
    {
        var initial = RequestInfo.IsTrue(request.Query("sendInitialEvents"));
        if (initial && request.Query("resourceVersionMatch") != "NotOlderThan")
            throw ListEndpoint.ForbiddenMatch("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        var filter = new Filter(request, LabelSelector.Parse(request.Query("labelSelector")), FieldSelector.Parse(request.Kind, request.Query("fieldSelector")));
        var from = From(request);
        if (request.Http.WebSockets.IsWebSocketRequest)
        {
            if (request.Http.Request.Headers.Origin.Count == 0)
            {
                request.Http.Response.StatusCode = 403;
                return;
            }
            using var socket = await request.Http.WebSockets.AcceptWebSocketAsync();
            await RunAsync(request, filter, from, initial, bytes => socket.SendAsync(bytes.AsMemory(), WebSocketMessageType.Text, true, request.Cancellation));
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", request.Cancellation);
            return;
        }
        request.Http.Response.ContentType = request.Representation.Shape.Length > 0 ? request.Representation.Type : "application/json";
        await request.Http.Response.StartAsync(request.Cancellation);
        await request.Http.Response.Body.FlushAsync(request.Cancellation);
        await RunAsync(request, filter, from, initial, async bytes =>
        {
            await request.Http.Response.Body.WriteAsync((byte[])[.. bytes, (byte)'\n'], request.Cancellation);
            await request.Http.Response.Body.FlushAsync(request.Cancellation);
        });
    }

    private static long? From(ApiRequest request)
    {
        var text = request.Query("resourceVersion");
        if (text is "" or "0")
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version
            : throw new StatusException(500, "", $"resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
    }

    private async Task RunAsync(ApiRequest request, Filter filter, long? from, bool initial, Func<byte[], ValueTask> send)
    {
        Task SendAsync(string type, JsonNode obj) => send(JsonText.Utf8(new JsonObject { ["type"] = type, ["object"] = obj })).AsTask();
        var bookmarks = RequestInfo.IsTrue(request.Query("allowWatchBookmarks"));
        if (from is null || initial)
        {
            var (present, version) = store.ListAt(request.Kind, filter.Namespace, null);
            foreach (var obj in present.Where(filter.Matches))
                await SendAsync("ADDED", filter.Shaped(obj));
            if (initial && bookmarks)
                await SendAsync("BOOKMARK", Bookmark(request.Kind, version, endOfInitial: true));
            from = version;
        }
        var seconds = int.TryParse(request.Query("timeoutSeconds"), CultureInfo.InvariantCulture, out var asked) && asked > 0 ? asked : Random.Shared.Next(1800, 3600);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(request.Cancellation);
        var clock = new Clock(time, time.GetUtcNow().AddSeconds(seconds), bookmarks);
        try
        {
            await FollowAsync(request.Kind, filter, from.Value, clock, SendAsync, stop);
        }
        catch (StatusException gone) when (gone.Code == 410)
        {
            await SendAsync("ERROR", gone.ToStatus());
        }
    }

    private async Task FollowAsync(ResourceKind kind, Filter filter, long from, Clock clock, Func<string, JsonNode, Task> send, CancellationTokenSource stop)
    {
        await using var changes = store.WatchFromAsync(from, stop.Token).GetAsyncEnumerator(stop.Token);
        var version = from;
        Task<bool>? next = null;
        try
        {
            while (true)
            {
                next ??= changes.MoveNextAsync().AsTask();
                if (!next.IsCompleted)
                    await clock.WaitAsync(next, stop.Token);
                if (!next.IsCompleted)
                {
                    if (clock.IsOver)
                        return;
                    await send("BOOKMARK", Bookmark(kind, version, endOfInitial: false));
                    clock.NextBookmark();
                    continue;
                }
                await next;
                next = null;
                version = changes.Current.Version;
                if (filter.Change(changes.Current) is var (type, obj))
                    await send(type, obj);
            }
        }
        finally
        {
            // An enumerator must not be disposed of while it moves.
            await stop.CancelAsync();
            if (next is not null)
                await Task.WhenAny(next);
        }
    }

    private static JsonObject Bookmark(ResourceKind kind, long version, bool endOfInitial)
    {
        var metadata = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture) };
        if (endOfInitial)
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        return new() { ["kind"] = kind.Kind, ["apiVersion"] = kind.ApiVersion, ["metadata"] = metadata };
    }

    private sealed class Clock(TimeProvider time, DateTimeOffset end, bool bookmarks)
    {
        private DateTimeOffset? _bookmark = bookmarks ? Earlier(time.GetUtcNow() + BookmarkEvery, end - BookmarkBeforeEnd, time.GetUtcNow()) : null;

        public bool IsOver => time.GetUtcNow() >= end;

        public async Task WaitAsync(Task other, CancellationToken cancellation)
        {
            var wait = (_bookmark ?? end) - time.GetUtcNow();
            using var awake = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(other, Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, time, awake.Token));
            await awake.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
        }

        public void NextBookmark() => _bookmark = Earlier(time.GetUtcNow() + BookmarkEvery, end - BookmarkBeforeEnd, time.GetUtcNow());

        // The last bookmark stands two seconds before the end; behind it there is only the end.
        private static DateTimeOffset? Earlier(DateTimeOffset regular, DateTimeOffset last, DateTimeOffset now) => last <= now ? null : regular < last ? regular : last;
    }

    private sealed class Filter(ApiRequest request, LabelSelector labels, FieldSelector fields)
    {
        private bool _columnsSent;

        public string? Namespace { get; } = request.Kind.Namespaced && request.Info.Namespace.Length > 0 ? request.Info.Namespace : null;

        public bool Matches(JsonObject obj) => (Namespace is null || obj.Namespace == Namespace) && labels.Matches(obj) && fields.Matches(obj);

        public JsonNode Shaped(JsonObject obj)
        {
            var shaped = request.Representation.Shaped(request.Kind, obj, withColumns: !_columnsSent);
            _columnsSent = true;
            return shaped;
        }

        public (string, JsonNode)? Change(WatchEvent change)
        {
            if (change.Kind != request.Kind)
                return null;
            var now = change.Type != WatchEventType.Deleted && Matches(change.Object);
            var before = change.Previous is not null && Matches(change.Previous);
            return (before, now) switch
            {
                (false, true) => ("ADDED", Shaped(change.Object)),
                (true, true) => ("MODIFIED", Shaped(change.Object)),
                (true, false) => ("DELETED", Shaped(change.Object)),
                _ => null,
            };
        }
    }
}
