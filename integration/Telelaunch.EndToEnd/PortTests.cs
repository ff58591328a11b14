using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>A Pod of the cluster calls a process on this machine, through ports of the agent's Pod.</summary>
[Collection(TestCluster.Name)]
public sealed class PortTests(TestCluster cluster)
{
    private const int Size = 100 * 1024 * 1024;

    [Fact]
    public async Task PythonServer_IsReached_AndRefusedBeforeAndAfter()
    {
        var port = FreePort();
        await using var session = await StartAsync(["--expose", $"{port}:8080"], "bash", "-c", $"read; python3 -m http.server {port} & read; kill $!; wait $!; read");
        var pod = await PodAddressAsync(session);
        Assert.Equal("ECONNREFUSED", await CallAsync("connects", pod, 8080));

        await session.WriteLineAsync("listen");
        await session.WaitForTextAsync($"{port} is served by python3");
        Assert.Equal("connected", await CallAsync("connects", pod, 8080));
        Assert.Contains("<title>", await CallAsync("get", pod, 8080), StringComparison.Ordinal);

        await session.WriteLineAsync("stop");
        await session.WaitForTextAsync($"{port} isn't listened on any more");
        Assert.Equal("ECONNREFUSED", await CallAsync("connects", pod, 8080));
        await EndAsync(session);
    }

    [FactWith("node")]
    public async Task NodeServer_OnAPortThatTheKernelChose_IsFollowed()
    {
        await using var session = await StartAsync(["--expose", "auto"], "node", "-e",
            "const s = require('http').createServer((q, a) => a.end('hello from node')); s.listen(0, () => console.log('listening', s.address().port)); process.stdin.on('data', () => process.exit(0))");
        var port = int.Parse((await session.WaitForLineAsync("listening "))["listening ".Length..], System.Globalization.CultureInfo.InvariantCulture);
        await session.WaitForTextAsync($"{port} is served by node");

        Assert.Contains("hello from node", await CallAsync("get", await PodAddressAsync(session), port), StringComparison.Ordinal);
        await EndAsync(session);
    }

    [Fact]
    public async Task Kestrel_IsReached_OverHttp1AndHttp2()
    {
        var port = FreePort();
        await using var session = await StartAsync(["--expose", $"{port}:8080", "--expose", $"{port + 1}:8081"], Programs.DotNetApp, "kestrel", "127.0.0.1", $"{port}");
        await session.WaitForTextAsync($"{port} is served by");
        await session.WaitForTextAsync($"{port + 1} is served by");
        await session.WaitForTextAsync($"{port} is confirmed by Kestrel of reach");
        var pod = await PodAddressAsync(session);

        Assert.Contains("hello from Kestrel", await CallAsync("get", pod, 8080), StringComparison.Ordinal);
        Assert.Equal("SETTINGS first, hello from Kestrel", await CallAsync("http2", pod, 8081));
    }

    [Fact]
    public async Task ReloadServer_GoesOnWithTheSocketThatItsChildrenInherit()
    {
        var port = FreePort();
        await using var session = await StartAsync(["--expose", "auto"], "python3", Programs.Source("reloading.py"), $"{port}");
        await session.WaitForTextAsync($"{port} is served by python3");
        await session.WaitForTextAsync("serving 1");
        var pod = await PodAddressAsync(session);
        Assert.Equal("generation 1", await CallAsync("get", pod, port));

        await session.WriteLineAsync("reload");
        await session.WaitForTextAsync("serving 2");

        Assert.Equal("generation 2", await CallAsync("get", pod, port));
        Assert.DoesNotContain("isn't listened on any more", session.Errors, StringComparison.Ordinal);
    }

    public static TheoryData<string> Carriers => ["ssh", "direct"];

    [Theory, MemberData(nameof(Carriers))]
    public async Task Server_ServesWhatServersServe(string carrier)
    {
        await using var session = await StartAsync(["--trace", "--tunnel", carrier, "--expose", "auto"], "python3", Programs.Source("serving.py"), "0");
        var port = int.Parse((await session.WaitForLineAsync("listening "))["listening ".Length..], System.Globalization.CultureInfo.InvariantCulture);
        await session.WaitForTextAsync($"{port} is served by python3");
        var pod = await PodAddressAsync(session);

        Assert.Equal("200 answers, 1 of a kind: hello from the laptop", await CallAsync("parallel", pod, port));
        Assert.Equal(FaultSession.HashOf(Size), await CallAsync("down", pod, port, $"{Size}"));
        Assert.Equal("identical", await CallAsync("up", pod, port, $"{Size}"));
        Assert.Equal("HTTP/1.1 101 Switching Protocols, two messages echoed", await CallAsync("websocket", pod, port));
        Assert.Equal("first before second: True", await CallAsync("events", pod, port));
        Assert.Equal("1000 bytes before FIN", await CallAsync("half_close", pod, port));
        Assert.Equal("ECONNRESET", await CallAsync("reset", pod, port));
        // The caller's own address, which the local process doesn't see.
        await session.WaitForTextAsync($" caller {await cluster.PodAddressAsync("probe")}:");
    }

    [Fact]
    public async Task PrivilegedPortOfThePod_IsOpenedWithoutPrivilege()
    {
        var port = FreePort();
        await using var session = await StartAsync(["--expose", $"{port}:80"], "python3", Programs.Source("serving.py"), $"{port}");
        await session.WaitForTextAsync($"{port} is served by python3");
        Assert.Equal("hello from the laptop", await CallAsync("get", await PodAddressAsync(session), 80));
    }

    [Fact]
    public async Task OtherProgramThatListensAlready_IsNamed_AndReached()
    {
        var port = FreePort();
        await using var other = ProcessRun.Start("python3", [Programs.Source("serving.py"), $"{port}"]);
        await other.WaitForLineAsync("listening ");
        await using var session = await StartAsync(["--expose", $"{port}:8080"], "cat");
        await session.WaitForTextAsync($"is served by python3 (pid {other.Id}), which isn't the command");

        Assert.Equal("hello from the laptop", await CallAsync("get", await PodAddressAsync(session), 8080));
    }

    [Fact]
    public async Task LoopbackOfThePod_IsReachedThereAndBack()
    {
        // The pod's sshd is a server on its loopback; a port of --from-pod is another one, whose far end is here.
        var port = FreePort();
        await using var other = ProcessRun.Start("python3", [Programs.Source("serving.py"), $"{port}"]);
        await other.WaitForLineAsync("listening ");
        await using var run = await cluster.TelelaunchAsync(["run", "--to-pod", "7722,9000,9001", "--from-pod", $"{port}:9000", "--", "bash", "-c",
            "exec 3<>/dev/tcp/127.0.0.1/7722; head -c 8 <&3; echo; curl -sS http://localhost:9000/; curl -s http://127.0.0.1:9001/; echo $?"]);

        Assert.True(run is { ExitCode: 0, Output: "SSH-2.0-\nhello from the laptop\n7\n" }, run.ToString());
    }

    [Fact]
    public async Task PortOfThePodThatIsNamedTwice_IsSaidBeforeAnythingStarts()
    {
        var port = FreePort();
        await using var run = await cluster.TelelaunchAsync(["run", "--expose", $"{port}:9000", "--from-pod", $"{port}:9000", "--", "echo", "started"]);
        Assert.True(run is { ExitCode: 2, Output: "" } && run.Errors.Contains("named twice", StringComparison.Ordinal), run.ToString());
    }

    [Fact]
    public async Task OtherContainerOfThePod_IsReachedAndCalls_AndItsPortIsTaken()
    {
        await using var shop = await Shop.CreateAsync(cluster, "pair", manifest => manifest.Replace("      volumes:\n", $"""
                  - name: side
                    image: {TestCluster.PythonImage}
                    command: [python3, -m, http.server, "9500", --directory, /etc]

            """ + "      volumes:\n", StringComparison.Ordinal));
        var port = FreePort();
        await using var taken = await cluster.TelelaunchAsync(["run", "-o", "json", "--swap-deployment", "pair:main", "--expose", $"{port}:9500", "--", "echo", "started"]);
        Assert.True(taken is { ExitCode: 125, Output: "" } && taken.Errors.Contains("pod-port-taken", StringComparison.Ordinal), taken.ToString());

        await using var other = ProcessRun.Start("python3", [Programs.Source("serving.py"), $"{port}"]);
        await other.WaitForLineAsync("listening ");
        await using var session = await StartAsync(["--swap-deployment", "pair:main", "--to-pod", "9500", "--from-pod", $"{port}:9600"], "bash", "-c", "curl -sS http://localhost:9500/hostname; echo; cat");
        var pod = (await session.WaitForLineAsync("telelaunch-")).Trim();
        var answer = await cluster.KubectlAsync("exec", pod, "-c", "side", "--", "python3", "-c", "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:9600/').read().decode())");
        Assert.Equal("hello from the laptop", answer.Trim());
    }

    private async Task<ProcessRun> StartAsync(string[] options, params string[] command)
    {
        var run = ProcessRun.Start(TestCluster.Telelaunch, ["run", .. options, "--", .. command], cluster.Variables(), cluster.Scratch);
        await run.WaitForTextAsync("callers of ");
        return run;
    }

    private static async Task EndAsync(ProcessRun session)
    {
        session.CloseInput();
        await session.SignalAsync("TERM");
        await session.WaitForExitAsync();
    }

    /// <summary>Where callers are told to go, "callers of ADDRESS".</summary>
    private static async Task<string> PodAddressAsync(ProcessRun session)
    {
        await session.WaitForTextAsync("callers of ");
        var told = session.Errors[(session.Errors.IndexOf("callers of ", StringComparison.Ordinal) + "callers of ".Length)..];
        return new string([.. told.TakeWhile(c => char.IsAsciiDigit(c) || c == '.')]);
    }

    /// <summary>Runs calling.py in a Pod of the cluster and returns the line that it wrote.</summary>
    private async Task<string> CallAsync(string what, string host, int port, params string[] more)
    {
        await using var run = ProcessRun.Start("kubectl", ["exec", "-i", "deployment/probe", "--", "python3", "-", what, host, $"{port}", .. more], cluster.Variables());
        foreach (var line in await File.ReadAllLinesAsync(Programs.Source("calling.py"))) await run.WriteLineAsync(line);
        run.CloseInput();
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 0, run.ToString());
        return run.Output.Trim();
    }

    /// <summary>A port of this machine that nobody has, and the next one neither.</summary>
    private static int FreePort()
    {
        using var one = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        one.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)one.LocalEndPoint!).Port is var port and < 65_000 ? port : 64_000;
    }
}
