using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using Telelaunch.Playground.Node.Containers;

namespace Telelaunch.Playground.Node.Streams;

/// <summary>What the query of an exec request asks for.</summary>
internal sealed record ExecRequest(IReadOnlyList<string> Command, bool Stdin, bool Stdout, bool Stderr, bool Tty);

/// <summary>One command in a container with its streams at a client.</summary>
internal sealed class ExecSession(ExecConnection client, RunningContainer container, ExecRequest request, string scratch)
{
    private const int ChunkSize = 32 * 1024;

    private readonly string _log = Path.Combine(scratch, "exec-" + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..12]);

    private bool HasFailed => File.Exists(_log) && new FileInfo(_log).Length > 0;

    /// <summary>Runs the command and tells the client how it ended. A client that goes away ends the command's input, nothing else.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var receiving = client.RunAsync(over.Token);
        if (client is ExecSpdy spdy)
            await spdy.Complete;
        await OutputAsync(error: false, Array.Empty<byte>());
        var ending = request.Command.Count == 0 ? new(0, StartError("args must not be empty"))
            : request.Tty ? await RunTerminalAsync(over.Token) : await RunPipesAsync(over.Token);
        File.Delete(_log);
        File.Delete(_log + ".process");
        await client.EndAsync(ending, request.Command, cancellation);
        // The client answers the close; one that doesn't is left after a second.
        await Task.WhenAny(receiving, Task.Delay(TimeSpan.FromSeconds(1), cancellation));
        await over.CancelAsync();
        await receiving;
    }

    private async Task<ExecEnding> RunPipesAsync(CancellationToken over)
    {
        using var process = Process.Start(container.ExecCommand(request.Command, null, _log))!;
        using var output = process.StandardOutput;
        using var error = process.StandardError;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(over);
        var input = FeedAsync(process, ended.Token);
        await Task.WhenAll(DrainAsync(output.BaseStream, false), DrainAsync(error.BaseStream, true));
        await process.WaitForExitAsync(CancellationToken.None);
        await ended.CancelAsync();
        await input;
        return EndingOf(process.ExitCode);
    }

    private async Task<ExecEnding> RunTerminalAsync(CancellationToken over)
    {
        using var terminal = Terminal.Open();
        if (client.Sizes.TryRead(out var first))
            terminal.Resize(first);
        using var process = Process.Start(container.ExecCommand(request.Command, terminal.Path, _log))!;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(over);
        var input = TypeAsync(terminal, ended.Token);
        var sizes = ResizeAsync(terminal, ended.Token);
        await ShowAsync(terminal);
        await process.WaitForExitAsync(CancellationToken.None);
        await ended.CancelAsync();
        await Task.WhenAll(input, sizes);
        return EndingOf(process.ExitCode);
    }

    // The program's output ends with its last writer, so the reading thread ends by itself.
    private Task ShowAsync(Terminal terminal) => Task.Factory.StartNew(() =>
    {
        var buffer = new byte[ChunkSize];
        while (terminal.Read(buffer) is > 0 and var length)
        {
            if (!HasFailed)
                OutputAsync(false, buffer.AsMemory(0, length)).GetAwaiter().GetResult();
        }
    }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private async Task TypeAsync(Terminal terminal, CancellationToken ended)
    {
        try
        {
            await foreach (var bytes in client.Input.ReadAllAsync(ended))
                terminal.Write(bytes.Span);
            terminal.Write([4]); // ^D: the client has ended its input.
        }
        catch (OperationCanceledException)
        {
            // The command has ended.
        }
    }

    private async Task ResizeAsync(Terminal terminal, CancellationToken ended)
    {
        try
        {
            await foreach (var size in client.Sizes.ReadAllAsync(ended))
                terminal.Resize(size);
        }
        catch (OperationCanceledException)
        {
            // The command has ended.
        }
    }

    private async Task FeedAsync(Process process, CancellationToken ended)
    {
        try
        {
            if (request.Stdin)
            {
                await foreach (var bytes in client.Input.ReadAllAsync(ended))
                {
                    await process.StandardInput.BaseStream.WriteAsync(bytes, ended);
                    await process.StandardInput.BaseStream.FlushAsync(ended);
                }
            }
            process.StandardInput.Close();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The command doesn't read any more.
        }
    }

    private async Task DrainAsync(Stream source, bool error)
    {
        var buffer = new byte[ChunkSize];
        while (await source.ReadAsync(buffer, CancellationToken.None) is > 0 and var length)
        {
            // When runc can't start the command it says so in its log first, and then here as well, where only the command should be heard.
            if (!error || !HasFailed)
                await OutputAsync(error, buffer.AsMemory(0, length));
        }
    }

    private async Task OutputAsync(bool error, ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > 0 && !(error ? request.Stderr : request.Stdout))
            return;
        try
        {
            await client.WriteAsync(error && !request.Tty, bytes, CancellationToken.None);
        }
        catch (Exception failure) when (failure is WebSocketException or IOException or ObjectDisposedException)
        {
            // The client is gone; the command goes on, and what it prints goes nowhere.
        }
    }

    private ExecEnding EndingOf(int exitCode)
    {
        var failed = exitCode != 0 && HasFailed ? Runc.ErrorIn(_log) : "unknown error";
        return failed == "unknown error" ? new(exitCode, null) : new(exitCode, StartError(failed.Replace("exec failed: ", "", StringComparison.Ordinal)));
    }

    private string StartError(string text) => $"failed to start exec \"{container.Id}\": OCI runtime exec failed: exec failed: {text}";
}
