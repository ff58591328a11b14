using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Api;
using Telelaunch.Playground.Node;
using Telelaunch.Playground.Node.Network;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Tests.Node;

/// <summary>A test that makes network namespaces; skipped, with the reason, where that isn't possible.</summary>
public sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute() => Skip = Reason;

    internal static string? Reason => !UserNamespace.IsRoot ? "needs root (or: unshare --user --map-root-user --mount dotnet test)"
        : ((string[])["runc", "nft", "ip"]).FirstOrDefault(p => !((string[])["/usr/sbin/", "/usr/bin/", "/sbin/"]).Any(d => File.Exists(d + p))) is { } missing ? $"needs {missing}" : null;
}

/// <summary>The same for a theory.</summary>
public sealed class NodeTheoryAttribute : TheoryAttribute
{
    public NodeTheoryAttribute() => Skip = NodeFactAttribute.Reason;
}

[CollectionDefinition(Name)]
public sealed class PlaygroundCollection : ICollectionFixture<RunningPlayground>
{
    public const string Name = "running playground";
}

/// <summary>The whole playground in this process: API server and node, in namespaces of their own that go with it.</summary>
public sealed class RunningPlayground : IAsyncLifetime
{
    /// <summary>How long a test waits for what should happen soon, before it fails.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const string Token = "admin-token";

    private readonly CancellationTokenSource _stop = new();
    private readonly OutsideDns _outsideDns = new();
    private PlaygroundNode? _node;
    private Task _running = Task.CompletedTask;

    public RunningPlayground() => Server = new(0, new Dictionary<string, Caller> { [Token] = new("kubernetes-admin", [Caller.Masters, Caller.Authenticated]) }, new(
        (http, pod, container, cancellation) => _node!.Streams.LogAsync(http, pod, container, cancellation),
        (http, pod, container, cancellation) => _node!.Streams.ExecAsync(http, pod, container, cancellation),
        (http, pod, cancellation) => _node!.Streams.PortForwardAsync(http, pod, cancellation)), NullLoggerFactory.Instance, TimeProvider.System);

    public ApiServer Server { get; }

    public ObjectStore Store => Server.Store;

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("playground-node-").FullName;

    public async Task InitializeAsync()
    {
        if (NodeFactAttribute.Reason is not null)
            return;
        await Server.StartAsync(CancellationToken.None);
        _node = new(Store, new(Directory, Server.Address, Server.Tokens.IssueForPod) { DnsUpstream = [_outsideDns.EndPoint] }, NullLoggerFactory.Instance);
        await _node.PrepareAsync(CancellationToken.None);
        Server.Publish(_node.ApiServerSeenByPods);
        _running = _node.RunAsync(_stop.Token);
        await File.WriteAllTextAsync(Path.Combine(Directory, "kubeconfig"), KubeConfig.Text(Server.Address, Server.Authority, "none"));
        Store.Create(ResourceKinds.Namespaces, Json("""{"metadata": {"name": "play", "labels": {"kubernetes.io/metadata.name": "play"}}, "status": {"phase": "Active"}}"""));
        await AwaitAsync(ResourceKinds.ServiceAccounts, "play", "default", a => a is not null);
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_node is not null)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
            await _node.DisposeAsync();
        }
        await Server.DisposeAsync();
        await _outsideDns.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
        _stop.Dispose();
    }

    public static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;

    /// <summary>POSTs an object, as a client would.</summary>
    public async Task CreateAsync(string path, string json)
    {
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = IsServer;
        using var client = new HttpClient(handler);
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        using var content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var response = await client.PostAsync($"https://127.0.0.1:{Server.Address.Port}{path}", content);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Makes a pod of one container <c>main</c> in <c>play</c>.</summary>
    /// <param name="container">More of the container, as members of a JSON object.</param>
    /// <param name="spec">More of the pod's spec.</param>
    public Task CreatePodAsync(string name, string container, string spec = "\"restartPolicy\": \"Always\"", string labels = "{}", string image = "docker.io/library/debian:12") => CreateAsync("/api/v1/namespaces/play/pods",
        $$"""
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "{{name}}", "labels": {{labels}} }, "spec": {"terminationGracePeriodSeconds": 1, {{spec}},
         "containers": [{"name": "main", "image": "{{image}}", {{container}} }] } }
        """);

    /// <summary>Waits, for the present state or a later one, until it is as wanted.</summary>
    public async Task<JsonObject?> AwaitAsync(ResourceKind kind, string ns, string name, Func<JsonObject?, bool> isReached)
    {
        using var patience = new CancellationTokenSource(Patience);
        var version = Store.Version;
        if (Store.Get(kind, ns, name) is var present && isReached(present))
            return present;
        try
        {
            await foreach (var change in Store.WatchFromAsync(version, patience.Token))
            {
                if (change.Kind != kind || change.Object.Name != name || change.Object.Namespace != ns)
                    continue;
                var now = change.Type == WatchEventType.Deleted ? null : change.Object;
                if (isReached(now))
                    return now;
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{kind} {name} stayed {Store.Get(kind, ns, name)?["status"]?.ToJsonString()}");
        }
        return null;
    }

    /// <summary>Waits until some object of a kind is as wanted.</summary>
    /// <param name="what">What the failure says was missing.</param>
    public async Task AwaitAnyAsync(ResourceKind kind, string what, Func<JsonObject, bool> isReached)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await foreach (var change in Store.WatchAsync(kind, patience.Token))
            {
                if (change.Type != WatchEventType.Deleted && isReached(change.Object))
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"No {kind.Kind} in {Patience.TotalSeconds} s: {what}");
        }
    }

    public async Task<JsonObject> AwaitPodAsync(string name, Func<JsonObject, bool> isReached) =>
        (await AwaitAsync(ResourceKinds.Pods, "play", name, p => p is not null && isReached(p)))!;

    public Task<JsonObject> AwaitReadyAsync(string name) => AwaitPodAsync(name, p => p.Condition("Ready")?["status"].Text() == "True");

    /// <summary>Runs real kubectl to its end.</summary>
    public async Task<(int ExitCode, string Output, string Error)> KubectlAsync(string? input, params string[] arguments)
    {
        using var process = Process.Start(Kubectl(arguments))!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input ?? "");
        process.StandardInput.Close();
        await AwaitExitAsync(process);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>Waits for a process's end; one that doesn't end is killed and fails the test.</summary>
    public static async Task AwaitExitAsync(Process process)
    {
        using var patience = new CancellationTokenSource(2 * Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync(process);
            Assert.Fail($"Still running after {2 * Patience.TotalSeconds} s: {process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)}");
        }
    }

    /// <summary>Kills a process and waits until it is gone, so that it writes nothing any more.</summary>
    public static async Task KillAsync(Process process)
    {
        process.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Follows a pod's log until a line contains the text.</summary>
    public async Task AwaitLogAsync(string pod, string text)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var process = Process.Start(Kubectl("logs", "-f", pod))!;
        var seen = new List<string>();
        try
        {
            while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
            {
                if (line.Contains(text, StringComparison.Ordinal))
                    return;
                seen.Add(line);
            }
            Assert.Fail($"The log of {pod} ended without {text}: {string.Join('|', seen)}");
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"No {text} in the log of {pod} in {Patience.TotalSeconds} s: {string.Join('|', seen)}");
        }
        finally
        {
            await KillAsync(process);
        }
    }

    /// <summary>A shell command that tries another one until it prints the text, and then prints that; in the end it gives up and says so.</summary>
    public static string Until(string command, string text) =>
        $"end=$(($(date +%s) + {Patience.TotalSeconds})); while answer=$({command} 2>&1); case \"$answer\" in *{text}*) false;; esac; do "
        + $"if [ $(date +%s) -ge $end ]; then echo \"no {text} in {Patience.TotalSeconds} s, at last: $answer\"; exit; fi; done; echo \"$answer\"";

    public ProcessStartInfo Kubectl(params string[] arguments)
    {
        var start = new ProcessStartInfo("kubectl")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["KUBECONFIG"] = Path.Combine(Directory, "kubeconfig"), ["HOME"] = Directory },
        };
        foreach (var argument in (string[])["--namespace", "play", .. arguments])
            start.ArgumentList.Add(argument);
        return start;
    }

    /// <summary>What a shell command in a pod prints.</summary>
    public async Task<string> ShellAsync(string pod, string command) => (await KubectlAsync(null, "exec", pod, "-c", "main", "--", "sh", "-c", $"({command}) 2>&1")).Output;

    public async Task<ClientWebSocket> ConnectAsync(string pathAndQuery, string protocol)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(protocol);
        socket.Options.SetRequestHeader("Authorization", "Bearer " + Token);
        socket.Options.RemoteCertificateValidationCallback = IsServer;
        await socket.ConnectAsync(new($"wss://127.0.0.1:{Server.Address.Port}{pathAndQuery}"), CancellationToken.None);
        return socket;
    }

    private bool IsServer(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is X509Certificate2 presented && Server.Authority.IsIssuerOf(presented);
}
