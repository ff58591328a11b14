using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Net;

/// <summary>A CIDR range. IPv4-mapped IPv6 addresses are judged as IPv4.</summary>
public readonly record struct AddressRange
{
    private readonly IPNetwork _network;

    /// <param name="address">Any address of the range: its host bits are cleared.</param>
    /// <param name="prefixLength">0 to 32, or 0 to 128.</param>
    public AddressRange(IPAddress address, int prefixLength)
    {
        ArgumentNullException.ThrowIfNull(address);
        IPAddress plain = Plain(address);
        ArgumentOutOfRangeException.ThrowIfNegative(prefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefixLength, BitsOf(plain));
        _network = new IPNetwork(Mask(plain, prefixLength), prefixLength);
    }

    /// <summary>The first address of the range.</summary>
    public IPAddress Network => _network.BaseAddress;

    /// <summary>Bits that all addresses of the range share.</summary>
    public int PrefixLength => _network.PrefixLength;

    /// <summary>A single address.</summary>
    public static AddressRange OfAddress(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        IPAddress plain = Plain(address);
        return new(plain, BitsOf(plain));
    }

    /// <summary>Reads <c>10.96.0.0/12</c>, <c>fd00::/108</c>, or a single address. Host bits that are set are cleared.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    public static AddressRange Parse(string text)
    {
        if (!TryParse(text, out AddressRange range))
        {
            throw new UsageException(
                "cidr-invalid",
                $"\"{text}\" is neither an address nor a range.",
                "Write an address (10.96.0.10) or a CIDR range (10.96.0.0/12, fd00:10:96::/108).");
        }

        return range;
    }

    public static bool TryParse(string? text, out AddressRange range)
    {
        range = default;
        if (string.IsNullOrWhiteSpace(text))
            return false;
        int slash = text.IndexOf('/');
        ReadOnlySpan<char> addressText = slash < 0 ? text : text.AsSpan(0, slash);
        if (!IPAddress.TryParse(addressText, out IPAddress? address) || !LooksComplete(addressText, address) || addressText.Contains('%'))
            return false;
        address = Plain(address);
        int prefix = BitsOf(address);
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix > BitsOf(address)))
            return false;
        range = new AddressRange(address, prefix);
        return true;
    }

    public bool Contains(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return _network.Contains(Plain(address));
    }

    /// <summary>Whether all of <paramref name="other"/> lies in this range.</summary>
    public bool Covers(AddressRange other) => other.PrefixLength >= PrefixLength && Contains(other.Network);

    /// <summary>Whether there is an address in both.</summary>
    public bool Overlaps(AddressRange other) => Covers(other) || other.Covers(this);

    public override string ToString() => $"{Network}/{PrefixLength}";

    /// <summary>The IPv4 address inside an IPv4-mapped one; any other as it is, without its scope.</summary>
    internal static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    // IPAddress.Parse takes "10" and "10.96" for addresses (inet_aton); in a range they are slips of the pen.
    private static bool LooksComplete(ReadOnlySpan<char> text, IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 || text.Count('.') == 3;

    private static int BitsOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32;

    private static IPAddress Mask(IPAddress address, int prefixLength)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            int kept = Math.Clamp(prefixLength - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF << (8 - kept));
        }

        return new IPAddress(bytes);
    }
}
