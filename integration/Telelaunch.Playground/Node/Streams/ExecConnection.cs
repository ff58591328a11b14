using System.Text.Json.Nodes;
using System.Threading.Channels;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Streams;

/// <summary>The size of a terminal in characters.</summary>
internal readonly record struct TerminalSize(ushort Columns, ushort Rows)
{
    /// <summary><c>{"Width":80,"Height":24}</c>, or null if it is something else.</summary>
    public static TerminalSize? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonNode.Parse(json) is JsonObject size ? new((ushort)size["Width"].Number(), (ushort)size["Height"].Number()) : null;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}

/// <summary>A client that runs a command in a container, over WebSocket or SPDY.</summary>
internal abstract class ExecConnection
{
    private readonly Channel<ReadOnlyMemory<byte>> _input = Channel.CreateBounded<ReadOnlyMemory<byte>>(16);
    private readonly Channel<TerminalSize> _sizes = Channel.CreateUnbounded<TerminalSize>();

    /// <summary>Standard input; complete when the client has ended it or is gone.</summary>
    public ChannelReader<ReadOnlyMemory<byte>> Input => _input.Reader;

    /// <summary>Sizes of the client's terminal.</summary>
    public ChannelReader<TerminalSize> Sizes => _sizes.Reader;

    protected ChannelWriter<ReadOnlyMemory<byte>> InputWriter => _input.Writer;

    protected ChannelWriter<TerminalSize> SizesWriter => _sizes.Writer;

    /// <summary>Takes what the client sends until it is gone. Must run besides everything else.</summary>
    public abstract Task RunAsync(CancellationToken cancellation);

    /// <summary>Sends output of the command.</summary>
    /// <param name="error">Standard error instead of standard output.</param>
    public abstract Task WriteAsync(bool error, ReadOnlyMemory<byte> bytes, CancellationToken cancellation);

    /// <summary>Tells how the command ended, and ends the connection.</summary>
    /// <param name="arguments">The command, which older versions repeat in the message.</param>
    public abstract Task EndAsync(ExecEnding ending, IReadOnlyList<string> arguments, CancellationToken cancellation);
}

/// <summary>How a command ended: an exit code, or the runtime's reason why it couldn't start.</summary>
internal sealed record ExecEnding(int ExitCode, string? StartError)
{
    /// <summary>The Status on the error channel.</summary>
    /// <param name="text">What the message says of the exit code; versions differ.</param>
    public JsonObject ToStatus(string text)
    {
        if (StartError is { } error)
        {
            var message = "Internal error occurred: error executing command in container: failed to exec in container: " + error;
            return Failure("Internal error occurred: " + message, "InternalError", new JsonObject { ["message"] = message }, 500);
        }
        return ExitCode == 0
            ? new() { ["metadata"] = new JsonObject(), ["status"] = "Success" }
            : Failure($"command terminated with non-zero exit code: {text}", "NonZeroExitCode",
                new JsonObject { ["reason"] = "ExitCode", ["message"] = ExitCode.ToString(System.Globalization.CultureInfo.InvariantCulture) }, null);
    }

    private static JsonObject Failure(string message, string reason, JsonObject cause, int? code)
    {
        var status = new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = message,
            ["reason"] = reason,
            ["details"] = new JsonObject { ["causes"] = new JsonArray(cause) },
        };
        if (code is not null)
            status["code"] = code;
        return status;
    }

    public string TextOf(IReadOnlyList<string> arguments) => $"error executing command [{string.Join(' ', arguments)}], exit code {ExitCode}";
}
