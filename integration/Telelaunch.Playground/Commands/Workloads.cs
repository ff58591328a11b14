using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Net;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Api;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Commands;

/// <summary>Applies a file of objects through the API, as anybody could, and waits until its workloads are available.</summary>
internal sealed class Workloads : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly ResourceKind[] Awaited = [ResourceKinds.Deployments, ResourceKinds.StatefulSets];

    private readonly X509Certificate2 _certificate;
    private readonly HttpClient _http;

    public Workloads(ApiServer server)
    {
        _certificate = server.Authority.IssueClient("kubernetes-admin", Caller.Masters);
        var handler = new SocketsHttpHandler();
        handler.SslOptions.ClientCertificates = [_certificate];
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => presented is X509Certificate2 certificate && server.Authority.IsIssuerOf(certificate);
        _http = new(handler) { BaseAddress = new($"https://127.0.0.1:{server.Address.Port}"), Timeout = Patience };
    }

    public async Task ApplyAsync(string file, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        var objects = RequestBody.Documents(await File.ReadAllTextAsync(file, cancellation)).OfType<JsonObject>().ToList();
        foreach (var obj in objects)
            await ApplyAsync(obj, cancellation);
        foreach (var obj in objects.Where(o => Awaited.Contains(KindOf(o))))
        {
            try
            {
                await AwaitAsync(obj, patience.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new HostException("workloads", $"{KindOf(obj).Plural}/{obj.Name} is not available after {Patience.TotalMinutes} minutes",
                    $"kubectl -n {NamespaceOf(obj)} describe pods");
            }
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _certificate.Dispose();
    }

    private async Task ApplyAsync(JsonObject obj, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"{Collection(obj)}/{obj.Name}?fieldManager=playground&force=true");
        request.Content = new StringContent(JsonText.Compact(obj), Encoding.UTF8);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/apply-patch+yaml");
        using var response = await _http.SendAsync(request, cancellation);
        if (!response.IsSuccessStatusCode)
            throw new HostException("workloads", $"{obj["kind"].Text()} {obj.Name}: {await response.Content.ReadAsStringAsync(cancellation)}", "Correct the workloads file.");
    }

    private async Task AwaitAsync(JsonObject obj, CancellationToken cancellation)
    {
        using var stream = await _http.GetStreamAsync($"{Collection(obj)}?watch=true&fieldSelector=metadata.name%3D{obj.Name}", cancellation);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            var present = JsonNode.Parse(line).At("object");
            var wanted = present.At("spec", "replicas").Number();
            if (present.At("status", "observedGeneration").Number() == present.At("metadata", "generation").Number() && present.At("status", "availableReplicas").Number() >= wanted
                && present.At("status", "updatedReplicas").Number() >= wanted)
                return;
        }
    }

    private static ResourceKind KindOf(JsonObject obj) => ResourceKinds.OfKind(obj["apiVersion"].Text(), obj["kind"].Text())
        ?? throw new HostException("workloads", $"{obj["apiVersion"].Text()} {obj["kind"].Text()} is not a kind of the playground", "Correct the workloads file.");

    private static string NamespaceOf(JsonObject obj) => obj.Namespace.Length > 0 ? obj.Namespace : "default";

    private static string Collection(JsonObject obj)
    {
        var kind = KindOf(obj);
        return (kind.Group.Length == 0 ? "/api/" : "/apis/") + kind.ApiVersion + (kind.Namespaced ? $"/namespaces/{NamespaceOf(obj)}" : "") + $"/{kind.Plural}";
    }
}
