using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Telelaunch.Cluster.Tests;

/// <summary>An HTTPS server on loopback that answers what a test says, and keeps what it was asked.</summary>
internal sealed class TestApiServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ConcurrentDictionary<string, RequestDelegate> _answers = new();

    private TestApiServer(WebApplication application) => _application = application;

    /// <summary>Requests in order of arrival.</summary>
    public ConcurrentQueue<SeenRequest> Seen { get; } = new();

    /// <summary>Looked at before anything else; true means answered.</summary>
    public Func<HttpContext, Task<bool>>? Gate { get; set; }

    public int Port { get; private set; }

    public static async Task<TestApiServer> StartAsync(X509Certificate2 certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (_, _, _) => true;
        })));
        var application = builder.Build();
        application.UseWebSockets();
        var server = new TestApiServer(application);
        application.Run(server.AnswerAsync);
        await application.StartAsync();
        server.Port = new Uri(application.Urls.First()).Port;
        return server;
    }

    /// <summary>What to answer to one method and path, as <c>GET /version</c>.</summary>
    public void On(string methodAndPath, RequestDelegate answer) => _answers[methodAndPath] = answer;

    public void On(string methodAndPath, int status, string body, string contentType = "application/json") =>
        On(methodAndPath, context => WriteAsync(context, status, body, contentType));

    public static Task WriteAsync(HttpContext context, int status, string body, string contentType = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        return context.Response.WriteAsync(body);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = context.Request.ContentLength > 0 ? await reader.ReadToEndAsync() : "";
        Seen.Enqueue(new(
            context.Request.Method,
            context.Request.Path.Value!,
            context.Request.QueryString.Value ?? "",
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body,
            (await context.Connection.GetClientCertificateAsync())?.Subject,
            context.Request.Protocol,
            context.TraceIdentifier));
        if (Gate is not null && await Gate(context))
            return;
        var method = context.WebSockets.IsWebSocketRequest ? "WS" : context.Request.Method;
        if (_answers.TryGetValue($"{method} {context.Request.Path}", out var answer))
            await answer(context);
        else
            await WriteAsync(context, 404, "404 page not found\n", "text/plain");
    }
}

internal sealed record SeenRequest(
    string Method,
    string Path,
    string Query,
    IReadOnlyDictionary<string, string> Headers,
    string Body,
    string? ClientCertificate,
    string Protocol,
    string Trace);
