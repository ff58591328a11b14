using System.Net;

namespace Telelaunch.Routing.Filter;

/// <summary>What becomes of a SYN that has come.</summary>
internal enum SynArrival
{
    /// <summary>Somebody has to decide; it is held.</summary>
    New,

    /// <summary>Its connection is being decided: this packet is one too many.</summary>
    Held,

    /// <summary>A new attempt from the same port has taken the place of the one that was held, whose packet is one too many. Whoever decides needn't know.</summary>
    Replaces,

    /// <summary>It was decided before: the answer was lost, or this retransmission was under way already.</summary>
    Decided,
}

/// <summary>Which SYNs are held and which were decided. Not thread-safe.</summary>
internal sealed class HeldSyns
{
    // A program whose answer got lost asks again after 1, 3, 7… s (tcp_syn_retries); so many decisions are remembered for it.
    private const int Remembered = 8192;

    private readonly Dictionary<uint, Held> _byId = [];
    private readonly Dictionary<(IPEndPoint, IPEndPoint), Held> _byFlow = [];
    private readonly Dictionary<TcpSyn, SynVerdict> _decided = [];
    private readonly Queue<TcpSyn> _oldest = new();

    public int Count => _byId.Count;

    /// <param name="packet">The kernel's number of the packet.</param>
    /// <param name="superfluous">With <see cref="SynArrival.Replaces"/>: the packet that was held until now.</param>
    /// <param name="verdict">With <see cref="SynArrival.Decided"/>: what was said.</param>
    public SynArrival Take(uint packet, TcpSyn syn, out uint superfluous, out SynVerdict verdict)
    {
        superfluous = 0;
        if (_decided.TryGetValue(syn, out verdict))
            return SynArrival.Decided;
        if (!_byFlow.TryGetValue((syn.Source, syn.Destination), out Held? held))
        {
            held = new Held(syn, packet);
            _byFlow.Add((syn.Source, syn.Destination), held);
            _byId.Add(packet, held);
            return SynArrival.New;
        }

        if (held.Syn.Sequence == syn.Sequence)
            return SynArrival.Held;
        superfluous = held.Packet;
        held.Syn = syn;
        held.Packet = packet;
        return SynArrival.Replaces;
    }

    /// <summary>Ends a hold. A dropped one isn't remembered: its retransmission is a new question.</summary>
    /// <param name="id">The packet's number that came with <see cref="SynArrival.New"/>.</param>
    /// <returns>The packet to which the verdict goes; null: nothing is held under this number.</returns>
    public uint? Decide(uint id, SynVerdict verdict)
    {
        if (!_byId.Remove(id, out Held? held))
            return null;
        _byFlow.Remove((held.Syn.Source, held.Syn.Destination));
        if (verdict != SynVerdict.Drop)
        {
            _decided[held.Syn] = verdict;
            _oldest.Enqueue(held.Syn);
            if (_oldest.Count > Remembered)
                _decided.Remove(_oldest.Dequeue());
        }

        return held.Packet;
    }

    private sealed class Held(TcpSyn syn, uint packet)
    {
        public TcpSyn Syn { get; set; } = syn;

        public uint Packet { get; set; } = packet;
    }
}
