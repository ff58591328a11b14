using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

using Telelaunch.Mux;

namespace Telelaunch.Agent.Tests;

/// <summary>The real agent with the real sshd, as a restricted pod would run them: PID 1 of namespaces of its own, a uid that no passwd
/// file knows, no capabilities, no new privileges. Everything goes when it is disposed.</summary>
internal sealed class AgentPod : IAsyncDisposable
{
    public const int AgentPort = 7778;
    public const int SshPort = 7722;

    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _directory;
    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    private AgentPod(DirectoryInfo directory, Process process)
    {
        _directory = directory;
        _process = process;
        process.OutputDataReceived += (_, line) => _lines.Writer.TryWrite(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => _lines.Writer.TryWrite(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string ClientKey => Path.Combine(_directory.FullName, "client");

    public string OtherKey => Path.Combine(_directory.FullName, "other");

    private string Session => Path.Combine(_directory.FullName, "session");

    private static string Program => Path.Combine(AppContext.BaseDirectory, "telelaunch-agent");

    /// <summary>The agent's pid as this machine sees it.</summary>
    public int AgentPid => int.Parse(
        File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children").Trim(), CultureInfo.InvariantCulture);

    /// <summary>Starts it, and waits until it serves.</summary>
    public static async Task<AgentPod> StartAsync(int idleSeconds = 90)
    {
        AgentPod pod = await StartUnreadyAsync(idleSeconds, _ => { });
        await pod.WaitForAsync("Server listening on 127.0.0.1 port 7722.");
        return pod;
    }

    /// <summary>Starts it, after <paramref name="damage"/> was done to its session directory.</summary>
    public static async Task<AgentPod> StartUnreadyAsync(int idleSeconds, Action<string> damage)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("telelaunch-agent-test-");
        await RunAsync("chmod", "755", directory.FullName);
        string session = Directory.CreateDirectory(Path.Combine(directory.FullName, "session")).FullName;
        string temporary = Directory.CreateDirectory(Path.Combine(directory.FullName, "tmp")).FullName;
        await RunAsync("chmod", "1777", temporary);
        foreach (string key in (string[])["client", "other", "session/ssh_host_ed25519_key"])
            await RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(directory.FullName, key));
        File.Copy(Path.Combine(directory.FullName, "client.pub"), Path.Combine(session, "authorized_keys"));
        await File.WriteAllBytesAsync(Path.Combine(session, "secret"), Secret);
        // As the kubelet mounts a Secret with fsGroup: owned by root, readable by the group.
        foreach (string file in Directory.GetFiles(session))
            await RunAsync("chmod", "440", file);
        damage(session);
        return new(directory, Start(session, temporary, idleSeconds));
    }

    public static byte[] Secret { get; } = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    /// <summary>A client whose carrier goes through sshd.</summary>
    public Task<MuxClient> ConnectAsync() => MuxClient.ConnectAsync(
        new ProcessStream(Ssh(ClientKey, "-T")), Secret, new(), CancellationToken.None);

    /// <summary>Runs ssh in the pod's network, to the pod's sshd.</summary>
    public Process Ssh(string key, params string[] arguments) => InPod(
        ["ssh", "-p", "7722", "-i", key, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", .. arguments, "telelaunch@127.0.0.1"]);

    /// <summary>Runs a program in the pod's network.</summary>
    public Process InPod(string[] command) => Process.Start(new ProcessStartInfo("nsenter", ["--net", "--target", $"{AgentPid}", .. command])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    /// <summary>Runs a program in the pod's pid namespace; what it leaves behind becomes the agent's child.</summary>
    public Process AmongItsProcesses(string[] command) => Process.Start(new ProcessStartInfo("nsenter", ["--pid", "--target", $"{AgentPid}", .. command])
    {
        RedirectStandardOutput = true,
    })!;

    /// <summary>Waits for a line of the pod's log that contains <paramref name="text"/>.</summary>
    public async Task<string> WaitForAsync(string text)
    {
        var seen = new List<string>();
        using var bound = new CancellationTokenSource(s_bound);
        try
        {
            while (true)
            {
                string line = await _lines.Reader.ReadAsync(bound.Token);
                seen.Add(line);
                if (line.Contains(text, StringComparison.Ordinal))
                    return line;
            }
        }
        catch (OperationCanceledException)
        {
            throw new InvalidOperationException($"'{text}' didn't come, but:\n{string.Join('\n', seen)}");
        }
    }

    public static Task SignalAsync(string signal, int pid) => RunAsync("kill", $"-{signal}", $"{pid}");

    /// <summary>The agent's exit code.</summary>
    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(s_bound);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        // The end of PID 1 takes everything in its pid namespace along, and unshare ends with it. (--kill-child doesn't outlive setpriv:
        // a change of uid clears PR_SET_PDEATHSIG.)
        if (!_process.HasExited)
            await SignalAsync("KILL", AgentPid);
        await WaitForExitAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    private static Process Start(string session, string temporary, int idleSeconds)
    {
        // 192.0.2.0/24 has no route; the others have one that says so, each in its way.
        string script = $"""
            ip link set lo up &&
            ip route add unreachable 198.51.100.0/24 &&
            ip route add prohibit 203.0.113.0/24 &&
            exec setpriv --reuid 1000650000 --regid 0 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs \
                env -i DOTNET_ROOT='{DotnetRoot}' TMPDIR='{temporary}' TELELAUNCH_SESSION_DIR='{session}' TELELAUNCH_IDLE_SECONDS={idleSeconds} \
                EMPTY= LINES='first
            second' '{Program}'
            """;
        return Process.Start(new ProcessStartInfo("unshare", ["--net", "--pid", "--fork", "--mount-proc", "sh", "-c", script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static string DotnetRoot => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "../../.."));

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments))!;
        await process.WaitForExitAsync(CancellationToken.None).WaitAsync(s_bound);
        Assert.Equal(0, process.ExitCode);
    }
}
