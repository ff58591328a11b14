using System.Runtime.InteropServices;
using Telelaunch.Net;

namespace Telelaunch.Routing.Netlink;

/// <summary>The kernel's no to one message.</summary>
/// <param name="Sequence">Whose; 0: sending failed.</param>
/// <param name="Errno">Positive.</param>
/// <param name="Text">The kernel's own words (NLMSGERR_ATTR_MSG), where it has some.</param>
internal sealed record NetlinkFault(uint Sequence, int Errno, string? Text)
{
    private const ushort NLMSGERR_ATTR_MSG = 1;
    private const ushort NLM_F_CAPPED = 0x100;
    private const ushort NLM_F_ACK_TLVS = 0x200;

    // struct nlmsgerr: ERROR 4 | the header of the request 16 | the rest of the request unless capped | attributes.
    private const int CappedLength = 20;

    /// <summary>Reads the body of an NLMSG_ERROR; null: it says that all went well.</summary>
    public static NetlinkFault? Read(uint sequence, ushort flags, ReadOnlySpan<byte> body)
    {
        int error = body.Length < sizeof(int) ? -Net.Errno.EIO : MemoryMarshal.Read<int>(body);
        if (error == 0)
            return null;
        string? text = null;
        if ((flags & NLM_F_ACK_TLVS) != 0 && body.Length > CappedLength)
        {
            int request = (flags & NLM_F_CAPPED) != 0 ? CappedLength : 4 + ((MemoryMarshal.Read<int>(body[4..]) + 3) & ~3);
            if (request > 0 && request <= body.Length && NetlinkAttributes.Find(body[request..], NLMSGERR_ATTR_MSG) is { IsEmpty: false } message)
                text = System.Text.Encoding.UTF8.GetString(message.TrimEnd((byte)0));
        }

        return new NetlinkFault(sequence, -error, text);
    }

    /// <summary>As what a person is told.</summary>
    /// <param name="action">What was to be done: "The link telelaunch0 can't be set up".</param>
    public HostException ToException(string code, string action, string? remedy = null) => Errno switch
    {
        Net.Errno.EPERM => new HostException("net-admin-missing", $"{action}: the kernel asks for CAP_NET_ADMIN.", "Run it as root; in a container give it NET_ADMIN (docker run --cap-add NET_ADMIN)."),
        _ => new HostException(code, $"{action}: {Reason}.", remedy ?? "This kernel lacks something that system-wide routing needs; use the default method."),
    };

    /// <summary>errno's name, with the kernel's own words.</summary>
    public string Reason => Text is null ? Net.Errno.NameOf(Errno) : $"{Net.Errno.NameOf(Errno)}, {Text}";
}
