using System.Buffers.Binary;

namespace Telelaunch.Fuzz.Tests.Fuzzing;

/// <summary>Makes hostile inputs of valid ones: damaged bits, lengths, order and ends.</summary>
/// <remarks>The same seed and corpus give the same inputs in the same order.</remarks>
internal sealed class Mutator(Random random, int maximumLength)
{
    private const int MostMutations = 6;

    // What length fields, counts and windows are compared with.
    private static readonly uint[] s_edges =
    [
        0, 1, 2, 3, 4, 7, 8, 12, 16, 20, 63, 64, 127, 128, 192, 254, 255, 256, 511, 512, 4095, 4096, 32_767, 32_768, 65_535, 65_536, 65_537,
        0x00ff_ffff, 0x0100_0000, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
    ];

    /// <summary>An entry of the corpus, changed in one to six ways; now and then only noise.</summary>
    public byte[] Next(IReadOnlyList<byte[]> corpus)
    {
        byte[] seed = corpus.Count == 0 || random.Next(50) == 0 ? Noise(random.Next(64)) : corpus[random.Next(corpus.Count)];
        var bytes = new List<byte>(seed);
        for (int left = random.Next(1, MostMutations + 1); left > 0; left--)
            Mutate(bytes, corpus);
        if (bytes.Count > maximumLength)
            bytes.RemoveRange(maximumLength, bytes.Count - maximumLength);
        return [.. bytes];
    }

    private void Mutate(List<byte> bytes, IReadOnlyList<byte[]> corpus)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(Noise(random.Next(1, 32)));
            return;
        }

        int at = random.Next(bytes.Count);
        int length = Math.Min(random.Next(1, random.Next(4) == 0 ? 64 : 9), bytes.Count - at);
        switch (random.Next(10))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes[at] += (byte)(random.Next(2) == 0 ? 1 : -1);
                break;
            case 3:
            case 4:
                WriteEdge(bytes, at);
                break;
            case 5:
                bytes.RemoveRange(at, length);
                break;
            case 6:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 7:
                bytes.InsertRange(at, Noise(length));
                break;
            case 8:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            default:
                Splice(bytes, at, corpus);
                break;
        }
    }

    /// <summary>A number of one to four bytes, of either byte order, at some edge.</summary>
    private void WriteEdge(List<byte> bytes, int at)
    {
        Span<byte> number = stackalloc byte[4];
        uint edge = s_edges[random.Next(s_edges.Length)];
        int width = random.Next(1, 5);
        bool bigEndian = random.Next(2) == 0;
        if (bigEndian)
            BinaryPrimitives.WriteUInt32BigEndian(number, edge);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(number, edge);
        ReadOnlySpan<byte> used = bigEndian ? number[(4 - width)..] : number[..width];
        for (int i = 0; i < width && at + i < bytes.Count; i++)
            bytes[at + i] = used[i];
    }

    /// <summary>Goes on with the end of another entry, or puts a whole one between.</summary>
    private void Splice(List<byte> bytes, int at, IReadOnlyList<byte[]> corpus)
    {
        if (corpus.Count == 0)
            return;
        byte[] other = corpus[random.Next(corpus.Count)];
        if (random.Next(2) == 0)
        {
            bytes.RemoveRange(at, bytes.Count - at);
            bytes.AddRange(other[Math.Min(at, other.Length)..]);
        }
        else
        {
            bytes.InsertRange(at, other);
        }
    }

    private byte[] Noise(int length)
    {
        byte[] noise = new byte[length];
        random.NextBytes(noise);
        return noise;
    }
}
