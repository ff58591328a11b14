using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Tests.Node;

/// <summary>Real kubectl, with whatever protocol it prefers.</summary>
[Collection(PlaygroundCollection.Name)]
public sealed class KubectlStreamTests(RunningPlayground test)
{
    [NodeTheory]
    [InlineData("true")]
    [InlineData("false")] // SPDY by POST, as kubectl before 1.31.
    public async Task Exec_CarriesInputOutputErrorsAndTheExitCode(string webSockets)
    {
        await PodAsync("kubectl-exec", "\"command\": [\"sleep\", \"100000\"]");
        var start = test.Kubectl("exec", "-i", "kubectl-exec", "--", "sh", "-c", "tr a-z A-Z; echo wrong >&2; exit 7");
        start.Environment["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = webSockets;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync("hello");
        process.StandardInput.Close();
        await RunningPlayground.AwaitExitAsync(process);

        Assert.Equal((7, "HELLO"), (process.ExitCode, await output));
        Assert.Contains("wrong\n", await error); // kubectl may put a line about the first, empty frame before it.
    }

    [NodeFact]
    public async Task Exec_OfALargeOutput_LosesNothing()
    {
        await PodAsync("kubectl-large", "\"command\": [\"sleep\", \"100000\"]");
        var (exitCode, output, _) = await test.KubectlAsync(null, "exec", "kubectl-large", "--", "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x");

        Assert.Equal((0, 3_000_000), (exitCode, output.Length));
    }

    [NodeFact]
    public async Task Logs_ShowWhatWasAskedFor_AndFollowToTheEnd()
    {
        await test.CreatePodAsync("kubectl-logs", "\"command\": [\"sh\", \"-c\", \"for i in 1 2 3 4 5; do echo line $i; done; mkfifo /tmp/go; echo oops >&2; read _ < /tmp/go; echo last\"]",
            "\"restartPolicy\": \"Never\"");
        await test.AwaitReadyAsync("kubectl-logs");
        await test.AwaitLogAsync("kubectl-logs", "oops");

        Assert.Equal(6, (await test.KubectlAsync(null, "logs", "kubectl-logs")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(9, (await test.KubectlAsync(null, "logs", "kubectl-logs", "--limit-bytes=9")).Output.Length);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT[\d:.]+Z (line|oops)", (await test.KubectlAsync(null, "logs", "kubectl-logs", "--tail=1", "--timestamps")).Output);
        var followed = test.KubectlAsync(null, "logs", "-f", "kubectl-logs");
        await test.ShellAsync("kubectl-logs", "echo > /tmp/go");
        Assert.EndsWith("last\n", (await followed).Output);
    }

    [NodeTheory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task PortForward_ReachesThePodsLocalhost(string webSockets)
    {
        await PodAsync("kubectl-forward", "\"command\": [\"/usr/bin/python3\", \"-c\", \"import socket\\nl = socket.create_server(('127.0.0.1', 8000))\\nwhile True: s = l.accept()[0]; s.sendall(s.recv(100).upper()); s.close()\"]");
        var start = test.Kubectl("port-forward", "kubectl-forward", ":8000");
        start.Environment["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = webSockets;
        using var process = Process.Start(start)!;
        try
        {
            var line = await process.StandardOutput.ReadLineAsync().WaitAsync(RunningPlayground.Patience);
            Assert.StartsWith("Forwarding from 127.0.0.1:", line);
            var port = int.Parse(line!.Split(' ')[2].Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
            for (var i = 0; i < 3; i++)
            {
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", port);
                await client.GetStream().WriteAsync("hello"u8.ToArray());
                var answer = new byte[5];
                await client.GetStream().ReadExactlyAsync(answer).AsTask().WaitAsync(RunningPlayground.Patience);
                Assert.Equal("HELLO", Encoding.ASCII.GetString(answer));
            }
        }
        finally
        {
            await RunningPlayground.KillAsync(process);
        }
    }

    private async Task PodAsync(string name, string container)
    {
        if (test.Store.Get(ResourceKinds.Pods, "play", name) is null)
            await test.CreatePodAsync(name, container);
        await test.AwaitReadyAsync(name);
    }
}
