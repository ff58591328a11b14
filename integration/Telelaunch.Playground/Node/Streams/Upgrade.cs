using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Streams;

/// <summary>The 101 answers, and the refusals instead of them. By hand, because <c>SPDY/3.1+portforward.k8s.io</c> is no token (RFC 6455 §4.1).</summary>
internal static class Upgrade
{
    public const string TunnelledSpdy = "SPDY/3.1+portforward.k8s.io";

    public static bool IsWebSocket(HttpContext context) => context.Request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase);

    public static bool IsSpdy(HttpContext context) => context.Request.Headers.Upgrade.ToString().Equals("SPDY/3.1", StringComparison.OrdinalIgnoreCase);

    /// <summary>The first of <paramref name="known"/> that the client offers; "" if it offers nothing; null if nothing fits.</summary>
    public static string? Negotiate(HttpContext context, params ReadOnlySpan<string> known)
    {
        var offered = context.Request.Headers["Sec-WebSocket-Protocol"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (offered.Length == 0)
            return "";
        foreach (var protocol in known)
        {
            if (offered.Contains(protocol))
                return protocol;
        }
        return null;
    }

    /// <summary>Answers 101 and speaks WebSocket from then on, without pings.</summary>
    public static async Task<WebSocket> ToWebSocketAsync(HttpContext context, string protocol)
    {
        var key = context.Request.Headers["Sec-WebSocket-Key"].ToString();
        var headers = context.Response.Headers;
        headers["Connection"] = "Upgrade";
        headers["Upgrade"] = "websocket";
#pragma warning disable CA5350 // RFC 6455 §4.2.2 says SHA-1.
        headers["Sec-WebSocket-Accept"] = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        headers["Sec-WebSocket-Protocol"] = protocol;
        var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        return WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });
    }

    /// <summary>Answers 101 and speaks SPDY/3.1 from then on; null if no version fits, which is answered with 403.</summary>
    public static async Task<Stream?> ToSpdyAsync(HttpContext context, params string[] versions)
    {
        var offered = context.Request.Headers["X-Stream-Protocol-Version"].SelectMany(v => v!.Split(',', StringSplitOptions.TrimEntries)).ToList();
        var version = offered.Find(o => versions.Contains(o));
        if (version is null)
        {
            context.Response.Headers["X-Accepted-Stream-Protocol-Versions"] = versions;
            await TextAsync(context, 403, $"unable to upgrade: unable to negotiate protocol: client supports [{string.Join(' ', offered)}], server accepts [{string.Join(' ', versions)}]\n");
            return null;
        }
        var headers = context.Response.Headers;
        headers["Connection"] = "Upgrade";
        headers["Upgrade"] = "SPDY/3.1";
        headers["X-Stream-Protocol-Version"] = version;
        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    /// <summary>A refusal in plain text, as the kubelet's.</summary>
    public static Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text);
    }

    /// <summary>A refusal as a Status, as the API server's.</summary>
    public static Task StatusAsync(HttpContext context, StatusException status)
    {
        context.Response.StatusCode = status.Code;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(status.ToStatus().ToJsonString());
    }

    /// <summary>A refusal without a word, after which the connection ends.</summary>
    public static Task CloseAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        context.Response.Headers["Connection"] = "close";
        return context.Response.CompleteAsync();
    }
}
