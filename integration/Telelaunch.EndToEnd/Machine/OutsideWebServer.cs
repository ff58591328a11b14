using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>The web server of the outside world, on port 80 of <see cref="OutsideWorld.Host"/> and of all hosts below it.</summary>
/// <remarks>
/// <c>/stage/NAME</c> is answered when <see cref="LetGo"/> or a request for <c>/go/NAME</c> says so; <see cref="ReachedAsync"/> waits for the question. <c>/waiting?then=URL</c> is a
/// page that isn't loaded before it has gone through the stages "first" and "second". Every other path is a page that says <see cref="Text"/>.
/// </remarks>
internal sealed class OutsideWebServer : IAsyncDisposable
{
    /// <summary>What the page says; nothing of the cluster does.</summary>
    public const string Text = "hello from outside the cluster";

    private const string Page = $"<!doctype html>\n<title>outside</title>\n<p id=\"text\">{Text}</p>\n";

    private const string WaitingPage = $$"""
        <!doctype html>
        <title>waiting</title>
        <p><span id="during">not tried</span> <span id="after">not tried</span></p>
        <script>
        // A browser gives up what it was doing when it learns of another network or other name servers; a person would press "reload".
        const reach = async (id, url) => {
          for (let failures = 0; ; failures++) {
            try {
              await fetch(url, { mode: "no-cors", cache: "no-store" });
              if (id) document.getElementById(id).textContent = `reached after ${failures} failures`;
              return;
            } catch {
              await new Promise(again => setTimeout(again, 100));
            }
          }
        };
        (async () => {
          await reach(null, "/stage/first");
          await reach("during", new URLSearchParams(location.search).get("then"));
          await reach(null, "/stage/second");
          await reach("after", "http://later.{{OutsideWorld.Host}}/");
          await reach(null, "/go/loaded");
        })();
        </script>
        <img src="/stage/loaded" alt="">

        """;

    private readonly StreamServer[] _servers;
    private readonly ConcurrentDictionary<string, Stage> _stages = new();
    private int _answered;

    public OutsideWebServer(OutsideWorld outside) =>
        _servers = [.. new[] { OutsideWorld.Address4, OutsideWorld.Address6 }.Select(address => new StreamServer(outside.Listen(address, 80, ProtocolType.Tcp), ServeAsync))];

    /// <summary>How many requests were answered.</summary>
    public int Answered => Volatile.Read(ref _answered);

    /// <summary>Waits until somebody asks for a stage; fails with <paramref name="asker"/> if that ends before.</summary>
    public async Task ReachedAsync(string stage, Task asker)
    {
        var reached = StageOf(stage).Reached.Task;
        if (await Task.WhenAny(reached, asker) == reached) return;
        await asker;
        throw new InvalidOperationException($"It ended without asking for the stage '{stage}'.");
    }

    public void LetGo(string stage) => StageOf(stage).Go.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers) await server.DisposeAsync();
    }

    private Stage StageOf(string name) => _stages.GetOrAdd(name, _ => new Stage());

    private async Task ServeAsync(Socket connection, CancellationToken end)
    {
        var request = new byte[16 * 1024];
        var filled = 0;
        while (request.AsSpan(0, filled).IndexOf("\r\n\r\n"u8) < 0)
        {
            var count = await connection.ReceiveAsync(request.AsMemory(filled), end);
            if (count == 0) return;
            filled += count;
        }

        // "GET /path?query HTTP/1.1"
        var path = Encoding.ASCII.GetString(request, 0, filled).Split(' ', 3)[1].Split('?')[0];
        var page = await AnswerAsync(path, end);
        await connection.SendAsync(
            Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {page.Length}\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n{page}"), end);
        Interlocked.Increment(ref _answered);
        connection.Shutdown(SocketShutdown.Send);
        // Closing with something unread would be a reset, and the answer lost with it.
        while (await connection.ReceiveAsync(request, end) > 0) { }
    }

    private async Task<string> AnswerAsync(string path, CancellationToken end)
    {
        if (path == "/waiting") return WaitingPage;
        if (path.StartsWith("/go/", StringComparison.Ordinal)) LetGo(path[4..]);
        if (path.StartsWith("/stage/", StringComparison.Ordinal))
        {
            var stage = StageOf(path[7..]);
            stage.Reached.TrySetResult();
            await stage.Go.Task.WaitAsync(end);
        }

        return Page;
    }

    private sealed class Stage
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
