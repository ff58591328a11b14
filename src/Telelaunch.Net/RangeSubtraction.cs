using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Net;

/// <summary>Ranges without some of their addresses, as the fewest prefixes that say it.</summary>
public static class RangeSubtraction
{
    // Addresses that stand for IPv4 ones (RFC 4291 §2.5.5.2) never travel as IPv6; an AddressRange of them would be one of IPv4.
    private static readonly Interval Mapped = new((UInt128)0xFFFF_0000_0000, (UInt128)0xFFFF_FFFF_FFFF);

    /// <summary>All addresses of <paramref name="ranges"/> that are in none of <paramref name="exclusions"/>.</summary>
    /// <returns>Prefixes that don't overlap and can't be joined, IPv4 first, ascending. 10.96.0.0/12 without one address are 20.</returns>
    public static IReadOnlyList<AddressRange> Subtract(IEnumerable<AddressRange> ranges, IEnumerable<AddressRange> exclusions)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        ArgumentNullException.ThrowIfNull(exclusions);
        List<AddressRange> kept = [.. ranges];
        List<AddressRange> left = [.. exclusions];
        var result = new List<AddressRange>();
        foreach (AddressFamily family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
        {
            foreach (Interval interval in Subtract(Union(kept, family), Union(left, family)))
                AddPrefixes(interval, family, result);
        }

        return result;
    }

    /// <summary>The same addresses as the fewest prefixes.</summary>
    public static IReadOnlyList<AddressRange> Join(IEnumerable<AddressRange> ranges) => Subtract(ranges, []);

    // Ascending, with a gap between any two.
    private static List<Interval> Union(List<AddressRange> ranges, AddressFamily family)
    {
        var union = new List<Interval>();
        foreach (Interval next in ranges.Where(range => range.Network.AddressFamily == family).Select(Interval.Of).OrderBy(interval => interval.First))
        {
            if (union.Count > 0 && (union[^1].Last == UInt128.MaxValue || next.First <= union[^1].Last + 1))
                union[^1] = new Interval(union[^1].First, UInt128.Max(union[^1].Last, next.Last));
            else
                union.Add(next);
        }

        return union;
    }

    private static IEnumerable<Interval> Subtract(List<Interval> from, List<Interval> holes)
    {
        foreach (Interval interval in from)
        {
            UInt128 at = interval.First;
            bool ended = false;
            foreach (Interval hole in holes.Where(hole => hole.First <= interval.Last && hole.Last >= interval.First))
            {
                if (hole.First > at)
                    yield return new Interval(at, hole.First - 1);
                ended = hole.Last >= interval.Last;
                if (ended)
                    break;
                at = hole.Last + 1;
            }

            if (!ended)
                yield return new Interval(at, interval.Last);
        }
    }

    // The largest aligned block that begins here and ends within, again and again.
    private static void AddPrefixes(Interval interval, AddressFamily family, List<AddressRange> result)
    {
        int bits = family == AddressFamily.InterNetwork ? 32 : 128;
        UInt128 at = interval.First;
        while (true)
        {
            int free = at == 0 ? bits : Math.Min(bits, (int)UInt128.TrailingZeroCount(at));
            while (free > 0 && LastOf(at, free) > interval.Last)
                free--;
            UInt128 last = LastOf(at, free);
            if (family == AddressFamily.InterNetwork || at < Mapped.First || last > Mapped.Last)
                result.Add(new AddressRange(ToAddress(at, family), bits - free));
            if (last >= interval.Last)
                return;
            at = last + 1;
        }
    }

    private static UInt128 LastOf(UInt128 first, int freeBits) => freeBits == 128 ? UInt128.MaxValue : first | ((UInt128.One << freeBits) - 1);

    private static IPAddress ToAddress(UInt128 value, AddressFamily family)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return new IPAddress(family == AddressFamily.InterNetwork ? bytes[12..] : bytes);
    }

    /// <summary>Both ends belong to it.</summary>
    private readonly record struct Interval(UInt128 First, UInt128 Last)
    {
        public static Interval Of(AddressRange range)
        {
            Span<byte> bytes = stackalloc byte[16];
            bytes.Clear();
            bool is4 = range.Network.AddressFamily == AddressFamily.InterNetwork;
            range.Network.TryWriteBytes(is4 ? bytes[12..] : bytes, out _);
            UInt128 first = BinaryPrimitives.ReadUInt128BigEndian(bytes);
            return new Interval(first, LastOf(first, (is4 ? 32 : 128) - range.PrefixLength));
        }
    }
}
