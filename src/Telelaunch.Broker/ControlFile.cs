using System.Text;
using Telelaunch.Net;

namespace Telelaunch.Broker;

// Body: PURPOSE 1 | ZERO 1 | MODE 2 | path [NUL | path that a rename leads to]. Same layout as tl_encode_file() writes.

/// <summary>Reads FILE requests and writes their replies.</summary>
internal static class ControlFile
{
    private const int HeadLength = 4;

    /// <summary>Linux's PATH_MAX without its NUL.</summary>
    private const int MaximumPathLength = 4095;

    /// <summary>The encoding of file names; bytes that aren't UTF-8 make the request malformed.</summary>
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>False for an unknown purpose, and for a path that isn't absolute, or has empty components, "." or "..".</summary>
    internal static bool TryRead(ControlRequest request, out PodFileQuestion question)
    {
        question = null!;
        ReadOnlySpan<byte> body = request.Body.Span;
        if (body.Length <= HeadLength || body[0] is < (byte)PodFilePurpose.Look or > (byte)PodFilePurpose.Rename)
            return false;
        var purpose = (PodFilePurpose)body[0];
        var mode = (UnixFileMode)(BitConverter.ToUInt16(body[2..]) & 0xFFF);
        ReadOnlySpan<byte> path = body[HeadLength..];
        ReadOnlySpan<byte> newPath = default;
        int separator = path.IndexOf((byte)0);
        if (separator >= 0)
        {
            newPath = path[(separator + 1)..];
            path = path[..separator];
        }

        if (separator >= 0 != (purpose == PodFilePurpose.Rename) || !TryReadPath(path, out string from))
            return false;
        string? to = null;
        if (purpose == PodFilePurpose.Rename && !TryReadPath(newPath, out to))
            return false;
        question = new PodFileQuestion(purpose, (PodFileFlags)request.Flags, mode, from, to);
        return true;
    }

    /// <summary>ERRNO 4 | path on this machine NUL path in the pod.</summary>
    internal static byte[] Reply(PodFileAnswer answer)
    {
        int length = answer.HostPath.Length == 0 ? 0 : Encoding.UTF8.GetByteCount(answer.HostPath) + 1 + Encoding.UTF8.GetByteCount(answer.PodPath);
        byte[] reply = new byte[ControlProtocol.HeaderLength + 4 + length];
        reply[0] = ControlProtocol.Version;
        BitConverter.TryWriteBytes(reply.AsSpan(ControlProtocol.HeaderLength), answer.Errno);
        if (length > 0)
            Encoding.UTF8.GetBytes($"{answer.HostPath}\0{answer.PodPath}", reply.AsSpan(ControlProtocol.HeaderLength + 4));
        return reply;
    }

    private static bool TryReadPath(ReadOnlySpan<byte> bytes, out string path)
    {
        path = "";
        if (bytes.Length is < 2 or > MaximumPathLength || bytes[0] != (byte)'/' || bytes.Contains((byte)0))
            return false;
        try
        {
            path = Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        return !path[1..].Split('/').Any(part => part is "" or "." or "..");
    }
}
