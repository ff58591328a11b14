using System.Diagnostics;
using System.IO.Pipes;
using System.Text;
using Telelaunch.Net;
using Telelaunch.Playground.Node;

namespace Telelaunch.Playground.Commands;

// up ── starts ──► daemon (own session)
//  ◄── one line through a pipe: "ready", or why not; the pipe's end without a line means that the daemon died

/// <summary>Starts the playground, unless it runs, and waits until everything in it is available.</summary>
internal static class UpCommand
{
    private const string Ready = "ready";

    public static async Task<int> RunAsync(Options options, CancellationToken cancellation)
    {
        var state = options.State;
        state.Create();
        if (state.DaemonId is null)
        {
            await PlaygroundNode.CleanUpAsync(state.Path, cancellation);
            File.Delete(state.KubeConfig);
            await StartAsync(options, cancellation);
        }
        Console.WriteLine(options.Quiet ? state.KubeConfig : $"The playground is up.\nexport KUBECONFIG={state.KubeConfig}");
        return 0;
    }

    /// <summary>Tells <c>up</c> how it went. Called by the daemon, once.</summary>
    public static void Report(string pipeHandle, string? failure)
    {
        using var pipe = new AnonymousPipeClientStream(PipeDirection.Out, pipeHandle);
        using var writer = new StreamWriter(pipe, new UTF8Encoding(false));
        writer.Write(failure ?? Ready);
    }

    /// <summary>The command line of the daemon that these options ask for.</summary>
    public static IEnumerable<string> DaemonArguments(Options options, string pipeHandle) =>
    [
        "daemon", pipeHandle, "--state", options.State.Path, "--port", $"{options.Port}",
        .. options.Workloads is null ? (string[])["--no-workloads"] : ["--workloads", options.Workloads],
        .. options.DnsUpstream is { } upstream ? (string[])["--dns-upstream", $"{(upstream.Host.Contains(':') ? $"[{upstream.Host}]" : upstream.Host)}:{upstream.Port}"] : [],
    ];

    private static async Task StartAsync(Options options, CancellationToken cancellation)
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        // The runtime keeps copies of the descriptors it was started with. Were they ours, whoever reads our output to its end
        // (`$(playground up -q)`) would wait for the daemon's; these pipes end with us.
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Started as "dotnet playground.dll", the program's own path comes first.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(UpCommand).Assembly.Location);
        foreach (var argument in DaemonArguments(options, pipe.GetClientHandleAsString()))
            start.ArgumentList.Add(argument);
        using var daemon = Process.Start(start) ?? throw new HostException("daemon", "The daemon can't be started", "Is this executable in place?");
        pipe.DisposeLocalCopyOfClientHandle();
        using var reader = new StreamReader(pipe);
        var report = await reader.ReadToEndAsync(cancellation);
        if (report == Ready)
            return;
        throw new HostException("playground-start", report.Length > 0 ? report : "The playground's daemon ended before it was ready", $"See {options.State.Log}; `playground down` cleans up.");
    }
}
