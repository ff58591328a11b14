using System.Net.Sockets;
using Telelaunch.Net;
using Telelaunch.Routing.Netlink;
using static Telelaunch.Routing.Filter.NfTables;

namespace Telelaunch.Routing.Filter;

/// <summary>Messages that nf_tables carries out all or not at all, with what each is for.</summary>
internal sealed class CatchBatch
{
    // An attribute holds 64 KiB; an element of IPv6 takes two times 40 bytes.
    private const int ElementsPerMessage = 400;

    private readonly NetlinkWriter _messages = new();
    private readonly Dictionary<uint, KernelPart> _parts = [];

    public CatchBatch() => Bracket(NFNL_MSG_BATCH_BEGIN);

    /// <summary>Of the message that makes the table; 0 where it isn't made here.</summary>
    public uint TableSequence { get; private set; }

    /// <summary>Ends the batch and sends it.</summary>
    /// <returns>Every no of the kernel's; none: all is done.</returns>
    public List<NetlinkFault> Send(NetlinkSocket socket)
    {
        Bracket(NFNL_MSG_BATCH_END);
        return socket.Execute(_messages);
    }

    public KernelPart PartOf(NetlinkFault fault) => _parts.GetValueOrDefault(fault.Sequence);

    public void AddTable()
    {
        TableSequence = Begin(NFT_MSG_NEWTABLE, NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_EXCL);
        _messages.Attribute(NFTA_TABLE_NAME, CatchRules.Table);
        _messages.AttributeBigEndian(NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
        _messages.End();
    }

    public void AddSet(string name, uint id, uint keyType, uint keyLength)
    {
        Begin(NFT_MSG_NEWSET, NetlinkSocket.NLM_F_CREATE);
        _messages.Attribute(NFTA_SET_TABLE, CatchRules.Table);
        _messages.Attribute(NFTA_SET_NAME, name);
        _messages.AttributeBigEndian(NFTA_SET_FLAGS, NFT_SET_INTERVAL);
        _messages.AttributeBigEndian(NFTA_SET_KEY_TYPE, keyType);
        _messages.AttributeBigEndian(NFTA_SET_KEY_LEN, keyLength);
        _messages.AttributeBigEndian(NFTA_SET_ID, id);
        _messages.End();
    }

    /// <param name="hook">Null: a chain that others lead to.</param>
    public void AddChain(string name, uint? hook, int priority)
    {
        Begin(NFT_MSG_NEWCHAIN, NetlinkSocket.NLM_F_CREATE);
        _messages.Attribute(NFTA_CHAIN_TABLE, CatchRules.Table);
        _messages.Attribute(NFTA_CHAIN_NAME, name);
        if (hook is { } number)
        {
            _messages.BeginNest(NFTA_CHAIN_HOOK);
            _messages.AttributeBigEndian(NFTA_HOOK_HOOKNUM, number);
            _messages.AttributeBigEndian(NFTA_HOOK_PRIORITY, (uint)priority);
            _messages.EndNest();
            _messages.Attribute(NFTA_CHAIN_TYPE, "filter");
        }

        _messages.End();
    }

    public void AddRule(CatchRule rule)
    {
        uint sequence = Begin(NFT_MSG_NEWRULE, NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_APPEND);
        _parts[sequence] = rule.Part;
        _messages.Attribute(NFTA_RULE_TABLE, CatchRules.Table);
        _messages.Attribute(NFTA_RULE_CHAIN, rule.Chain);
        _messages.BeginNest(NFTA_RULE_EXPRESSIONS);
        rule.Write(new NfExpressions(_messages));
        _messages.EndNest();
        _messages.End();
    }

    public void AddElements(IEnumerable<AddressRange> ranges) => ChangeElements(NFT_MSG_NEWSETELEM, NetlinkSocket.NLM_F_CREATE, ranges);

    public void RemoveElements(IEnumerable<AddressRange> ranges) => ChangeElements(NFT_MSG_DELSETELEM, 0, ranges);

    private void ChangeElements(ushort type, ushort flags, IEnumerable<AddressRange> ranges)
    {
        foreach (IGrouping<AddressFamily, AddressRange> family in ranges.GroupBy(range => range.Network.AddressFamily))
        {
            foreach (AddressRange[] some in family.Chunk(ElementsPerMessage))
            {
                Begin(type, flags);
                _messages.Attribute(NFTA_SET_ELEM_LIST_TABLE, CatchRules.Table);
                _messages.Attribute(NFTA_SET_ELEM_LIST_SET, family.Key == AddressFamily.InterNetwork ? CatchRules.Ranges4 : CatchRules.Ranges6);
                _messages.BeginNest(NFTA_SET_ELEM_LIST_ELEMENTS);
                foreach (AddressRange range in some)
                {
                    byte[] first = range.Network.GetAddressBytes();
                    PutElement(first, 0);
                    // The end is the first address that isn't in it; a range that goes to the last address of all has none.
                    if (TryAdd(first, range.PrefixLength))
                        PutElement(first, NFT_SET_ELEM_INTERVAL_END);
                }

                _messages.EndNest();
                _messages.End();
            }
        }
    }

    private void PutElement(ReadOnlySpan<byte> key, uint flags)
    {
        _messages.BeginNest(NFTA_LIST_ELEM);
        _messages.BeginNest(NFTA_SET_ELEM_KEY);
        _messages.Attribute(NFTA_DATA_VALUE, key);
        _messages.EndNest();
        if (flags != 0)
            _messages.AttributeBigEndian(NFTA_SET_ELEM_FLAGS, flags);
        _messages.EndNest();
    }

    // Goes on to the first address behind a prefix; false where there is none.
    private static bool TryAdd(byte[] address, int prefixLength)
    {
        int at = prefixLength - 1;
        for (; at >= 0; at--)
        {
            byte bit = (byte)(0x80 >> (at & 7));
            address[at / 8] ^= bit;
            if ((address[at / 8] & bit) != 0)
                return true;
        }

        return false;
    }

    private uint Begin(ushort type, ushort flags) => _messages.BeginNetfilter(type, (ushort)(NetlinkSocket.NLM_F_ACK | flags), NFPROTO_INET);

    // The resource of a batch is the number of the subsystem.
    private void Bracket(ushort type)
    {
        _messages.BeginNetfilter(type, 0, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES >> 8);
        _messages.End();
    }
}
