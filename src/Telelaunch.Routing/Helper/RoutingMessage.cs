using System.Globalization;
using System.Net;
using System.Text;
using Telelaunch.Linux;

namespace Telelaunch.Routing.Helper;

// Launcher to helper                       Helper to launcher
//   plan JSON                                socket tcp4|tcp6|dns-udp|dns-tcp   with the descriptor
//                                            prepared JSON
//   catch                                    caught
//   verdict ID WORD                          held ID SOURCE DESTINATION
//   add RANGE, remove RANGE                  changed RANGE
//                                            upstreams ADDRESS…
//                                            note TEXT
//   undo                                     undone
//                                            failed JSON, and the helper ends
// A packet is one message of UTF-8 text: a word, then what belongs to it.

/// <summary>One message between launcher and helper.</summary>
/// <param name="Word">What it is.</param>
/// <param name="Rest">What belongs to it; empty where nothing does.</param>
internal readonly record struct RoutingMessage(string Word, string Rest)
{
    /// <summary>Longer than any message: a plan of a few thousand names and ranges fits.</summary>
    public const int MaximumLength = 512 * 1024;

    public static RoutingMessage Read(ReadOnlySpan<byte> packet)
    {
        string text = Encoding.UTF8.GetString(packet);
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? new(text, "") : new(text[..space], text[(space + 1)..]);
    }

    public static RoutingMessage Of(string word, params IEnumerable<string> rest) => new(word, string.Join(' ', rest));

    /// <summary>A connection whose SYN is held.</summary>
    public static RoutingMessage Held(uint id, IPEndPoint source, IPEndPoint destination) =>
        Of("held", id.ToString(CultureInfo.InvariantCulture), source.ToString(), destination.ToString());

    public bool TryReadHeld(out uint id, out IPEndPoint source, out IPEndPoint destination)
    {
        source = destination = new IPEndPoint(IPAddress.None, 0);
        id = 0;
        if (Rest.Split(' ') is not [string number, string from, string to]
            || !uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out id)
            || !IPEndPoint.TryParse(from, out IPEndPoint? readSource)
            || !IPEndPoint.TryParse(to, out IPEndPoint? readDestination))
        {
            return false;
        }

        (source, destination) = (readSource, readDestination);
        return true;
    }

    /// <returns>False when the other side is gone.</returns>
    public bool TrySend(PacketChannel channel) => channel.TrySend(Encoding.UTF8.GetBytes(Rest.Length == 0 ? Word : $"{Word} {Rest}"));
}
