using System.Buffers;
using System.Text;

using Telelaunch.Agent.Interop;

namespace Telelaunch.Agent;

/// <summary>The environment of the agent's container, without what is the agent's own in it: a block of entries, each ended by NUL.</summary>
/// <remarks>
/// The container may be made from a workload's, and then its environment is the workload's. What the agent's image and the container runtime put into
/// it is neither the workload's nor of use to it: taken out where it has exactly their value.
/// </remarks>
internal static class ContainerVariables
{
    /// <summary><c>Env</c> of the image's configuration, as image/build-image writes it.</summary>
    public const string ImagePath = "PATH=/usr/sbin:/usr/bin";

    private static readonly Lazy<ReadOnlyMemory<byte>> s_block = new(() => Of(File.ReadAllBytes("/proc/self/environ"), RuntimeHome(LibC.getuid(), ReadPasswd())));

    /// <summary>What this process was started with; it never changes.</summary>
    /// <exception cref="IOException">proc(5) isn't mounted.</exception>
    public static ReadOnlyMemory<byte> Read() => s_block.Value;

    /// <param name="block">proc(5): entries, each ended by NUL.</param>
    /// <param name="runtimeHome">HOME as the container runtime sets it where nobody else does.</param>
    public static ReadOnlyMemory<byte> Of(ReadOnlySpan<byte> block, string runtimeHome)
    {
        byte[] home = Encoding.UTF8.GetBytes($"HOME={runtimeHome}");
        var kept = new ArrayBufferWriter<byte>(block.Length + 1);
        for (int end; (end = block.IndexOf((byte)0)) >= 0; block = block[(end + 1)..])
        {
            ReadOnlySpan<byte> entry = block[..end];
            bool isOwn = entry.IsEmpty || entry.StartsWith("TELELAUNCH_"u8) || entry.SequenceEqual(Encoding.UTF8.GetBytes(ImagePath)) || entry.SequenceEqual(home);
            if (!isOwn)
                kept.Write(block[..(end + 1)]);
        }

        return kept.WrittenMemory;
    }

    /// <summary>The home directory that runc gives to a user: that of its line in passwd(5), else the root.</summary>
    public static string RuntimeHome(uint uid, IEnumerable<string> passwd)
        => passwd.Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length >= 6 && fields[2] == $"{uid}")?[5] ?? "/";

    private static string[] ReadPasswd()
    {
        try
        {
            return File.ReadAllLines("/etc/passwd");
        }
        catch (IOException)
        {
            // An image without it, as runc takes it, too.
            return [];
        }
    }
}
