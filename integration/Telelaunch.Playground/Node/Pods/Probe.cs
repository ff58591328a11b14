using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Containers;
using Telelaunch.Playground.Node.Network;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>How one probe went; <paramref name="Message"/> is for the Event of a failure.</summary>
internal sealed record ProbeResult(bool Success, string Message);

/// <summary>Tries whether a container does what it should: exec, httpGet, tcpSocket; the last two from the node, as a kubelet.</summary>
internal sealed class Probe(NodeSandbox sandbox, JsonObject spec, JsonObject container, string podIp)
{
    public TimeSpan InitialDelay { get; } = TimeSpan.FromSeconds(spec["initialDelaySeconds"].Number());

    public TimeSpan Period { get; } = TimeSpan.FromSeconds(Math.Max(1, spec["periodSeconds"].Number(10)));

    public long FailureThreshold { get; } = spec["failureThreshold"].Number(3);

    public long SuccessThreshold { get; } = spec["successThreshold"].Number(1);

    private TimeSpan Patience { get; } = TimeSpan.FromSeconds(Math.Max(1, spec["timeoutSeconds"].Number(1)));

    public async Task<ProbeResult> TryAsync(RunningContainer target, string scratch, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            if (spec["exec"] is { } exec)
            {
                var result = await target.ExecAsync([.. (exec["command"] as JsonArray ?? []).Select(a => a.Text())], scratch, patience.Token);
                return new(result.ExitCode == 0, result.Output.Trim());
            }
            if (spec["httpGet"] is JsonObject get)
                return await GetAsync(get, patience.Token);
            if (spec["tcpSocket"] is JsonObject tcp)
            {
                using var socket = await ConnectAsync(new(Address(tcp), PortOf(tcp)), patience.Token);
                return new(true, "");
            }
            return new(false, "the probe's kind isn't supported by this node");
        }
        catch (SocketException error)
        {
            return new(false, $"dial tcp {podIp}:{PortOf((spec["httpGet"] ?? spec["tcpSocket"]) as JsonObject ?? [])}: connect: {error.Message.ToLowerInvariant()}");
        }
        catch (HttpRequestException error)
        {
            return new(false, (error.InnerException ?? error).Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new(false, spec["exec"] is not null ? $"command timed out after {Patience.TotalSeconds:0}s" : "context deadline exceeded");
        }
    }

    private async Task<ProbeResult> GetAsync(JsonObject get, CancellationToken cancellation)
    {
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (context, token) => new NetworkStream(await ConnectAsync(new(Address(get), PortOf(get)), token), ownsSocket: true),
        };
        // A kubelet doesn't look at a probed certificate either.
#pragma warning disable CA5359
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        using var client = new HttpClient(handler);
        var scheme = get["scheme"].Text() is { Length: > 0 } named ? named.ToLowerInvariant() : "http";
        var path = get["path"].Text() is { Length: > 0 } given ? given : "/";
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{scheme}://{Address(get)}:{PortOf(get)}{path}");
        request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.36");
        foreach (var header in get["httpHeaders"].Items())
            request.Headers.TryAddWithoutValidation(header["name"].Text(), header["value"].Text());
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        var code = (int)response.StatusCode;
        return new(code is >= 200 and < 400, $"HTTP probe failed with statuscode: {code}");
    }

    private async Task<Socket> ConnectAsync(IPEndPoint target, CancellationToken cancellation)
    {
        var socket = await NetworkNamespace.RunAsync(sandbox.NetworkNamespacePath, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(target, cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private IPAddress Address(JsonObject action) => IPAddress.TryParse(action["host"].Text(), out var address) ? address : IPAddress.Parse(podIp);

    private int PortOf(JsonObject action) => action["port"].Text() is { Length: > 0 } name
        ? int.TryParse(name, CultureInfo.InvariantCulture, out var number) ? number
            : (int)(container["ports"].Items().FirstOrDefault(p => p["name"].Text() == name)?["containerPort"].Number() ?? 0)
        : (int)action["port"].Number();
}
