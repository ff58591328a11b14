using System.Security.Cryptography;
using Telelaunch.Net.Dns;

namespace Telelaunch.Broker;

/// <summary>Finds out whether the cluster's DNS forwards to this machine, which would send a question round for ever.</summary>
/// <remarks>
/// A random name that the cluster can't know is asked through the pod. Its name server forwards it; when it arrives at this machine's own listener while
/// it is out, the two form a loop. From then on the cluster is asked for its own names alone, which it forwards to nobody, and a question that comes back
/// all the same is answered "no such name".
/// The name ends in "svc": split DNS sends such names to us, and no name server but ours takes them for its own.
/// </remarks>
internal sealed class LoopProbe
{
    private readonly Action _found;
    private int _detected;
    private volatile string _name;
    private volatile bool _out;

    /// <param name="found">Called once, when the loop is seen.</param>
    internal LoopProbe(Action found)
    {
        _found = found;
        _name = MakeName();
    }

    /// <summary>Another one each time it runs: answers are cached on the way.</summary>
    internal string Name => _name;

    internal bool Detected => Volatile.Read(ref _detected) != 0;

    /// <summary>Asks, and returns when the answer, or none, has come.</summary>
    internal async Task RunAsync(PodNames names, CancellationToken cancellationToken)
    {
        _name = MakeName();
        _out = true;
        try
        {
            await names.ProbeAsync(DnsQuery.Create((ushort)RandomNumberGenerator.GetInt32(65_536), _name, RecordType.A)!, cancellationToken);
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

    private static string MakeName() => $"telelaunch-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.svc";
}
