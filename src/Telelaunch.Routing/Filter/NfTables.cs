using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Telelaunch.Routing.Netlink;

namespace Telelaunch.Routing.Filter;

/// <summary>Numbers of linux/netfilter/nf_tables.h and nfnetlink.h under the kernel's names.</summary>
internal static class NfTables
{
    internal const ushort NFNL_MSG_BATCH_BEGIN = 0x10;
    internal const ushort NFNL_MSG_BATCH_END = 0x11;
    internal const ushort NFNL_SUBSYS_QUEUE = 3 << 8;
    internal const ushort NFNL_SUBSYS_NFTABLES = 10 << 8;
    internal const ushort NFT_MSG_NEWTABLE = NFNL_SUBSYS_NFTABLES | 0;
    internal const ushort NFT_MSG_NEWCHAIN = NFNL_SUBSYS_NFTABLES | 3;
    internal const ushort NFT_MSG_NEWRULE = NFNL_SUBSYS_NFTABLES | 6;
    internal const ushort NFT_MSG_NEWSET = NFNL_SUBSYS_NFTABLES | 9;
    internal const ushort NFT_MSG_NEWSETELEM = NFNL_SUBSYS_NFTABLES | 12;
    internal const ushort NFT_MSG_DELSETELEM = NFNL_SUBSYS_NFTABLES | 14;

    internal const byte NFPROTO_UNSPEC = 0;
    internal const byte NFPROTO_INET = 1;
    internal const byte NFPROTO_IPV4 = 2;
    internal const byte NFPROTO_IPV6 = 10;

    internal const ushort NFTA_TABLE_NAME = 1;
    internal const ushort NFTA_TABLE_FLAGS = 2;
    internal const uint NFT_TABLE_F_OWNER = 0x2;
    internal const ushort NFTA_CHAIN_TABLE = 1;
    internal const ushort NFTA_CHAIN_NAME = 3;
    internal const ushort NFTA_CHAIN_HOOK = 4;
    internal const ushort NFTA_CHAIN_TYPE = 7;
    internal const ushort NFTA_HOOK_HOOKNUM = 1;
    internal const ushort NFTA_HOOK_PRIORITY = 2;
    internal const uint NF_INET_PRE_ROUTING = 0;
    internal const uint NF_INET_LOCAL_OUT = 3;
    internal const ushort NFTA_RULE_TABLE = 1;
    internal const ushort NFTA_RULE_CHAIN = 2;
    internal const ushort NFTA_RULE_EXPRESSIONS = 4;
    internal const ushort NFTA_SET_TABLE = 1;
    internal const ushort NFTA_SET_NAME = 2;
    internal const ushort NFTA_SET_FLAGS = 3;
    internal const ushort NFTA_SET_KEY_TYPE = 4;
    internal const ushort NFTA_SET_KEY_LEN = 5;
    internal const ushort NFTA_SET_ID = 10;
    internal const uint NFT_SET_INTERVAL = 0x4;
    internal const ushort NFTA_SET_ELEM_LIST_TABLE = 1;
    internal const ushort NFTA_SET_ELEM_LIST_SET = 2;
    internal const ushort NFTA_SET_ELEM_LIST_ELEMENTS = 3;
    internal const ushort NFTA_SET_ELEM_KEY = 1;
    internal const ushort NFTA_SET_ELEM_FLAGS = 3;
    internal const uint NFT_SET_ELEM_INTERVAL_END = 0x1;
    internal const ushort NFTA_LIST_ELEM = 1;
    internal const ushort NFTA_DATA_VALUE = 1;

    // Data types of the nft program, which the kernel only keeps: ipv4_addr and ipv6_addr.
    internal const uint TYPE_IPADDR = 7;
    internal const uint TYPE_IP6ADDR = 8;

    // struct nfgenmsg: FAMILY 1 | VERSION 1 | RES_ID 2, big-endian.
    internal static uint BeginNetfilter(this NetlinkWriter message, ushort type, ushort flags, byte family, ushort resource = 0)
    {
        uint sequence = message.Begin(type, (ushort)(NetlinkSocket.NLM_F_REQUEST | flags));
        message.Put(family);
        message.Put((byte)0);
        Span<byte> id = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(id, resource);
        message.Put(id);
        return sequence;
    }
}

/// <summary>Writes the expressions of one rule, in the order in which the kernel runs them. Register 1 carries values between them, register 2 ports.</summary>
internal sealed class NfExpressions(NetlinkWriter message)
{
    internal const uint NFT_META_NFPROTO = 15;
    internal const uint NFT_META_L4PROTO = 16;
    internal const uint NFT_META_MARK = 3;
    internal const uint NFT_META_IIF = 4;
    internal const uint NFT_META_OIF = 5;
    internal const uint NFT_CMP_EQ = 0;
    internal const uint NFT_CMP_NEQ = 1;
    internal const uint NFT_PAYLOAD_NETWORK_HEADER = 1;
    internal const uint NFT_PAYLOAD_TRANSPORT_HEADER = 2;
    internal const uint NFT_REJECT_TCP_RST = 1;
    internal const uint NFT_REJECT_ICMPX_UNREACH = 2;
    internal const byte NFT_REJECT_ICMPX_NO_ROUTE = 0;
    internal const byte NFT_REJECT_ICMPX_PORT_UNREACH = 1;
    internal const byte NFT_REJECT_ICMPX_HOST_UNREACH = 2;
    internal const byte NFT_REJECT_ICMPX_ADMIN_PROHIBITED = 3;
    internal const int NF_DROP = 0;
    internal const int NF_ACCEPT = 1;
    internal const int NFT_GOTO = -4;

    private const ushort NFTA_EXPR_NAME = 1;
    private const ushort NFTA_EXPR_DATA = 2;
    private const ushort NFTA_DATA_VERDICT = 2;
    private const uint NFT_REG_VERDICT = 0;
    private const uint NFT_REG_1 = 1;
    private const uint NFT_REG_2 = 2;

    // NFTA_META_DREG 1, KEY 2
    public NfExpressions Meta(uint key) => Expression("meta", () =>
    {
        message.AttributeBigEndian(1, NFT_REG_1);
        message.AttributeBigEndian(2, key);
    });

    // NFTA_CMP_SREG 1, OP 2, DATA 3
    public NfExpressions Compare(uint operation, byte[] value) => Expression("cmp", () =>
    {
        message.AttributeBigEndian(1, NFT_REG_1);
        message.AttributeBigEndian(2, operation);
        Data(3, value);
    });

    public NfExpressions Is(uint metaKey, uint value)
    {
        byte[] bytes = new byte[sizeof(uint)];
        MemoryMarshal.Write(bytes, value);
        return Meta(metaKey).Compare(NFT_CMP_EQ, bytes);
    }

    public NfExpressions Is(uint metaKey, byte value) => Meta(metaKey).Compare(NFT_CMP_EQ, [value]);

    // NFTA_PAYLOAD_DREG 1, BASE 2, OFFSET 3, LEN 4
    public NfExpressions Payload(uint header, uint offset, uint length) => Expression("payload", () =>
    {
        message.AttributeBigEndian(1, NFT_REG_1);
        message.AttributeBigEndian(2, header);
        message.AttributeBigEndian(3, offset);
        message.AttributeBigEndian(4, length);
    });

    // NFTA_BITWISE_SREG 1, DREG 2, LEN 3, MASK 4, XOR 5
    public NfExpressions And(byte[] mask) => Expression("bitwise", () =>
    {
        message.AttributeBigEndian(1, NFT_REG_1);
        message.AttributeBigEndian(2, NFT_REG_1);
        message.AttributeBigEndian(3, (uint)mask.Length);
        Data(4, mask);
        Data(5, new byte[mask.Length]);
    });

    // NFTA_LOOKUP_SET 1, SREG 2, SET_ID 4
    public NfExpressions Lookup(string set, uint id) => Expression("lookup", () =>
    {
        message.Attribute(1, set);
        message.AttributeBigEndian(2, NFT_REG_1);
        message.AttributeBigEndian(4, id);
    });

    // NFTA_IMMEDIATE_DREG 1, DATA 2; NFTA_VERDICT_CODE 1, CHAIN 2
    public NfExpressions Verdict(int code, string? chain = null) => Expression("immediate", () =>
    {
        message.AttributeBigEndian(1, NFT_REG_VERDICT);
        message.BeginNest(2);
        message.BeginNest(NFTA_DATA_VERDICT);
        message.AttributeBigEndian(1, (uint)code);
        if (chain is not null)
            message.Attribute(2, chain);
        message.EndNest();
        message.EndNest();
    });

    // NFTA_REJECT_TYPE 1, ICMP_CODE 2
    public NfExpressions Reject(uint type, byte code) => Expression("reject", () =>
    {
        message.AttributeBigEndian(1, type);
        message.Attribute(2, [code]);
    });

    // NFTA_TPROXY_FAMILY 1, REG_ADDR 2, REG_PORT 3
    public NfExpressions Tproxy(byte family, byte[] address, ushort port)
    {
        byte[] portBytes = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(portBytes, port);
        Immediate(NFT_REG_1, address);
        Immediate(NFT_REG_2, portBytes);
        return Expression("tproxy", () =>
        {
            message.AttributeBigEndian(1, family);
            message.AttributeBigEndian(2, NFT_REG_1);
            message.AttributeBigEndian(3, NFT_REG_2);
        });
    }

    // NFTA_QUEUE_NUM 1, TOTAL 2
    public NfExpressions Queue(ushort number) => Expression("queue", () =>
    {
        Span<byte> value = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(value, number);
        message.Attribute(1, value);
        BinaryPrimitives.WriteUInt16BigEndian(value, 1);
        message.Attribute(2, value);
    });

    // The same by x_tables' target, for kernels that have only that (nft_compat). NFTA_TARGET_NAME 1, REV 2, INFO 3.
    // struct xt_NFQ_info_v3: QUEUENUM 2 | QUEUES_TOTAL 2 | FLAGS 2, in the machine's order, padded to 8.
    public NfExpressions XtNfqueue(ushort number) => Expression("target", () =>
    {
        Span<byte> info = stackalloc byte[8];
        info.Clear();
        MemoryMarshal.Write(info, number);
        MemoryMarshal.Write(info[2..], (ushort)1);
        message.Attribute(1, "NFQUEUE");
        message.AttributeBigEndian(2, 3);
        message.Attribute(3, info);
    });

    public NfExpressions Notrack() => Expression("notrack", static () => { });

    private NfExpressions Immediate(uint register, byte[] value) => Expression("immediate", () =>
    {
        message.AttributeBigEndian(1, register);
        Data(2, value);
    });

    private void Data(ushort attribute, byte[] value)
    {
        message.BeginNest(attribute);
        message.Attribute(NfTables.NFTA_DATA_VALUE, value);
        message.EndNest();
    }

    private NfExpressions Expression(string name, Action data)
    {
        message.BeginNest(NfTables.NFTA_LIST_ELEM);
        message.Attribute(NFTA_EXPR_NAME, name);
        message.BeginNest(NFTA_EXPR_DATA);
        data();
        message.EndNest();
        message.EndNest();
        return this;
    }
}
