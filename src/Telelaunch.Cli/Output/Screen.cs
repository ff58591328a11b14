using System.Text;

namespace Telelaunch.Cli.Output;

/// <summary>The two standard streams as Telelaunch uses them: results on standard output, everything else on standard error.</summary>
/// <remarks>May be used from many threads; a line is written at once and never torn by another of ours.</remarks>
internal sealed class Screen(Stream output, Stream errors)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly Lock _writing = new();

    /// <summary>The streams of this process.</summary>
    public static Screen OfThisProcess() => new(new DescriptorStream(1), new DescriptorStream(2));

    /// <summary>One line on standard error, led by the program's name.</summary>
    public void Say(string line) => WriteError($"telelaunch: {line}\n");

    /// <summary>Text on standard error, as it is.</summary>
    public void WriteError(string text)
    {
        lock (_writing) errors.Write(Utf8.GetBytes(text));
    }

    /// <summary>Bytes on standard output, as they are.</summary>
    public void WriteOutput(ReadOnlySpan<byte> bytes)
    {
        lock (_writing) output.Write(bytes);
    }

    /// <summary>Text on standard output, as it is.</summary>
    public void WriteOutput(string text)
    {
        lock (_writing) output.Write(Utf8.GetBytes(text));
    }
}
