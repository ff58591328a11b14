using System.Buffers.Binary;
using System.Security.Cryptography;

using Telelaunch.Net;

namespace Telelaunch.Mux.Carriers;

/// <summary>The opening of a carrier: each side proves that it knows the session's secret.</summary>
/// <remarks>
/// <code>
/// agent  → client   MAGIC "TLMX" 4 | VERSION 2 | ZERO 2 | AGENT_NONCE 32
/// client → agent    MAGIC "TLMX" 4 | VERSION 2 | ZERO 2 | CLIENT_NONCE 32 | CLIENT_PROOF 32
/// agent  → client   AGENT_PROOF 32
/// </code>
/// </remarks>
internal static class Handshake
{
    public const ushort Version = 1;
    public const int NonceSize = 32;
    public const int ProofSize = 32;
    public const int HelloSize = 8 + NonceSize;

    private static ReadOnlySpan<byte> Magic => "TLMX"u8;

    /// <summary>The client's side.</summary>
    /// <exception cref="TunnelException">The agent speaks another version, isn't the session's, or hung up.</exception>
    public static async Task ConnectAsync(Stream carrier, ReadOnlyMemory<byte> secret, CancellationToken cancellationToken)
    {
        byte[] agentHello = new byte[HelloSize];
        await ReadAsync(carrier, agentHello, "agent-not-reachable", "The agent closed the carrier before it spoke.", cancellationToken);
        CheckHello(agentHello, "agent");
        byte[] answer = new byte[HelloSize + ProofSize];
        WriteHello(answer, RandomNumberGenerator.GetBytes(NonceSize));
        byte[] agentNonce = agentHello[8..];
        byte[] clientNonce = answer[8..HelloSize];
        Prove(secret.Span, "telelaunch client v1"u8, agentNonce, clientNonce).CopyTo(answer, HelloSize);
        await carrier.WriteAsync(answer, cancellationToken);
        await carrier.FlushAsync(cancellationToken);

        byte[] proof = new byte[ProofSize];
        await ReadAsync(carrier, proof, "agent-refused-client", "The agent didn't accept this session's secret.", cancellationToken);
        if (!CryptographicOperations.FixedTimeEquals(proof, Prove(secret.Span, "telelaunch agent v1"u8, agentNonce, clientNonce)))
            throw NotAuthentic("agent");
    }

    /// <summary>The agent's side.</summary>
    /// <exception cref="TunnelException">The client speaks another version, isn't the session's, or hung up.</exception>
    public static async Task AcceptAsync(Stream carrier, ReadOnlyMemory<byte> secret, CancellationToken cancellationToken)
    {
        byte[] hello = new byte[HelloSize];
        WriteHello(hello, RandomNumberGenerator.GetBytes(NonceSize));
        byte[] agentNonce = hello[8..];
        await carrier.WriteAsync(hello, cancellationToken);
        await carrier.FlushAsync(cancellationToken);

        byte[] answer = new byte[HelloSize + ProofSize];
        await ReadAsync(carrier, answer, "client-hung-up", "The client closed the carrier within the handshake.", cancellationToken);
        CheckHello(answer, "client");
        byte[] clientNonce = answer[8..HelloSize];
        byte[] expected = Prove(secret.Span, "telelaunch client v1"u8, agentNonce, clientNonce);
        if (!CryptographicOperations.FixedTimeEquals(answer.AsSpan(HelloSize), expected))
            throw NotAuthentic("client");
        await carrier.WriteAsync(Prove(secret.Span, "telelaunch agent v1"u8, agentNonce, clientNonce), cancellationToken);
        await carrier.FlushAsync(cancellationToken);
    }

    /// <summary>HMAC-SHA256(secret, label | AGENT_NONCE | CLIENT_NONCE).</summary>
    public static byte[] Prove(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> agentNonce, ReadOnlySpan<byte> clientNonce)
        => HMACSHA256.HashData(secret, [.. label, .. agentNonce, .. clientNonce]);

    public static void WriteHello(Span<byte> target, ReadOnlySpan<byte> nonce)
    {
        Magic.CopyTo(target);
        BinaryPrimitives.WriteUInt16BigEndian(target[4..], Version);
        BinaryPrimitives.WriteUInt16BigEndian(target[6..], 0);
        nonce.CopyTo(target[8..]);
    }

    private static void CheckHello(ReadOnlySpan<byte> hello, string side)
    {
        if (!hello.StartsWith(Magic))
        {
            throw new TunnelException(
                $"{side}-not-authentic",
                $"What answered isn't Telelaunch's {side}.",
                "Check that nothing else in the pod listens on the agent's port.");
        }

        ushort version = BinaryPrimitives.ReadUInt16BigEndian(hello[4..]);
        if (version != Version || hello[6] != 0 || hello[7] != 0)
        {
            throw new TunnelException(
                $"{side}-version-mismatch",
                $"The {side} speaks version {version} of the mux protocol, this program version {Version}.",
                "Use an agent image of the same release: --agent-image.");
        }
    }

    private static TunnelException NotAuthentic(string side) => new(
        $"{side}-not-authentic",
        $"The {side} doesn't know this session's secret.",
        "Start the session again; if it happens again, something else in the pod answers on the agent's port.");

    private static async Task ReadAsync(Stream carrier, Memory<byte> buffer, string code, string cause, CancellationToken cancellationToken)
    {
        string remedy = code == "client-hung-up" ? "Nothing, unless it happens again and again." : "Look at the agent's log: kubectl logs POD.";
        try
        {
            await carrier.ReadExactlyAsync(buffer, cancellationToken);
        }
        catch (EndOfStreamException error)
        {
            throw new TunnelException(code, cause, remedy, error);
        }
    }
}
