using System.Text;

namespace Telelaunch.Cli.Variables;

/// <summary>One environment variable of a container: bytes, which need not be text.</summary>
/// <param name="Name">Without '='.</param>
/// <param name="Value">Without NUL. Never shown and never logged: it may be a secret.</param>
internal sealed record ContainerVariable(byte[] Name, byte[] Value)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The name for a person: what isn't printable ASCII is written <c>\xNN</c>.</summary>
    public string ShownName => string.Concat(Name.Select(letter => letter is > 0x20 and < 0x7f ? $"{(char)letter}" : $"\\x{letter:x2}"));

    /// <summary>As it stands in an environment block, without the NUL.</summary>
    public byte[] Entry => [.. Name, (byte)'=', .. Value];

    /// <summary>As text, where both are UTF-8.</summary>
    public bool TryRead(out string name, out string value)
    {
        try
        {
            (name, value) = (Strict.GetString(Name), Strict.GetString(Value));
            return true;
        }
        catch (DecoderFallbackException)
        {
            (name, value) = ("", "");
            return false;
        }
    }

    /// <summary>Takes an entry of an environment block apart; null where it is none.</summary>
    public static ContainerVariable? Parse(ReadOnlySpan<byte> entry) =>
        entry.IndexOf((byte)'=') is > 0 and var equals ? new(entry[..equals].ToArray(), entry[(equals + 1)..].ToArray()) : null;

    public static ContainerVariable OfText(string name, string value) => new(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));

    /// <summary>Not the value: a record would write it.</summary>
    public override string ToString() => ShownName;
}
