using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Telelaunch.Broker;

/// <summary>Finds out whether the cluster's DNS forwards to this machine, which would send a question round for ever.</summary>
/// <remarks>
/// A random name that the cluster can't know is asked through the pod. Its name server forwards it; when it arrives at this machine's own listener while
/// it is out, the two form a loop. From then on a name that we are asking the pod for is answered "no such name" when it comes back.
/// The name ends in "svc": split DNS sends such names to us, and no name server but ours takes them for its own.
/// </remarks>
internal sealed class LoopProbe
{
    private readonly Action _found;
    private int _detected;
    private volatile bool _out;

    /// <param name="found">Called once, when the loop is seen.</param>
    internal LoopProbe(Action found)
    {
        _found = found;
        Name = $"telelaunch-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.svc";
    }

    internal string Name { get; }

    internal bool Detected => Volatile.Read(ref _detected) != 0;

    /// <summary>Asks, and returns when the answer, or none, has come.</summary>
    internal async Task RunAsync(PodNames names, CancellationToken cancellationToken)
    {
        _out = true;
        try
        {
            await names.QueryAsync(Question(), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The session ended first.
        }
        finally
        {
            _out = false;
        }
    }

    /// <summary>Whether a question that arrived here is the probe.</summary>
    internal bool Recognizes(DnsQuestion question)
    {
        if (question.Name != Name)
            return false;
        if (_out && Interlocked.Exchange(ref _detected, 1) == 0)
            _found();
        return true;
    }

    private byte[] Question()
    {
        var message = new List<byte>();
        Span<byte> header = stackalloc byte[DnsQuestion.HeaderLength];
        header.Clear();
        RandomNumberGenerator.Fill(header[..2]);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], 0x0100);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], 1);
        message.AddRange(header);
        DnsQuestion.TryEncodeName(Name, out byte[] name);
        message.AddRange(name);
        message.AddRange([0, (byte)DnsQuestion.TypeA, 0, (byte)DnsQuestion.ClassInternet]);
        return [.. message];
    }
}
