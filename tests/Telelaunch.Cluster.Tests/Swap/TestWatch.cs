using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Telelaunch.Cluster.Tests;

/// <summary>A watch of one collection: what a test writes into it comes to whoever watches next.</summary>
internal sealed class TestWatch
{
    private readonly Channel<string?> _lines = Channel.CreateUnbounded<string?>();
    private readonly Channel<string> _begun = Channel.CreateUnbounded<string>();

    public TestWatch(TestApiServer server, string collection) => server.On("GET " + collection, AnswerAsync);

    /// <summary>The queries of the watches, as they begin.</summary>
    public ChannelReader<string> Begun => _begun.Reader;

    public void Send(string type, JsonNode item) => Send(new JsonObject { ["type"] = type, ["object"] = item.DeepClone() }.ToJsonString());

    public void Send(string line) => _lines.Writer.TryWrite(line);

    /// <summary>Ends the watch that runs.</summary>
    public void End() => _lines.Writer.TryWrite(null);

    private async Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync();
        _begun.Writer.TryWrite(context.Request.QueryString.Value ?? "");
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(context.RequestAborted))
            {
                if (line is null) return;
                await context.Response.WriteAsync(line + "\n");
                await context.Response.Body.FlushAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // Whoever watched has gone.
        }
    }
}
