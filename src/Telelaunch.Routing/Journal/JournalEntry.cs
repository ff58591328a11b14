using System.Text.Json.Serialization;
using Telelaunch.Linux;

namespace Telelaunch.Routing.Journal;

/// <summary>One change of this machine that doesn't end by itself with the process that made it. Exactly one of the members is there.</summary>
public sealed record JournalEntry
{
    public ReplacedFile? Replaced { get; init; }

    public WrittenFile? Written { get; init; }

    public ResolvconfRecord? Record { get; init; }

    public ResolvedLink? Link { get; init; }

    /// <summary>A route over a gateway, as <c>RANGE via GATEWAY dev LINK</c>: whoever undoes is told how.</summary>
    public string? Route { get; init; }
}

/// <summary>A file whose name is ours for a while; what was there lies beside it.</summary>
/// <param name="Path">The name.</param>
/// <param name="Beside">Where the original lies meanwhile; before the change, and after it was undone, our own file.</param>
/// <param name="Next">Where the file lies that somebody has put in our place, until it becomes the original.</param>
/// <param name="Folder">The folder of all three: in another mount namespace the same path may be another folder.</param>
/// <param name="WasAbsent">There was nothing of this name.</param>
public sealed record ReplacedFile(string Path, string Beside, string Next, FileIdentity Folder, bool WasAbsent);

/// <summary>A file that could only be written in place.</summary>
/// <param name="File">Which one: in another mount namespace the same path may be another file.</param>
/// <param name="Original">Its bytes.</param>
/// <param name="Modified">When it was last written, in UTC.</param>
public sealed record WrittenFile(string Path, FileIdentity File, byte[] Original, DateTime Modified);

/// <summary>A record that we gave to resolvconf(8).</summary>
/// <param name="Program">The program's path.</param>
/// <param name="Name">The record's name.</param>
/// <param name="IsOpenresolv">The program is openresolv's, which writes /etc/resolv.conf itself.</param>
/// <param name="Folder">The folder of its records, by which its mount namespace is known.</param>
public sealed record ResolvconfRecord(string Program, string Name, bool IsOpenresolv, FileIdentity Folder);

/// <summary>A link that systemd-resolved was told of; it forgets by itself when the link is gone, its caches don't.</summary>
public sealed record ResolvedLink(string Name, int Index);

/// <summary>One line of a journal: who writes it (the first line), a change that is about to be made, or the number of one that is undone.</summary>
internal sealed record JournalLine
{
    public JournalOwner? Owner { get; init; }

    public int? Number { get; init; }

    public JournalEntry? Change { get; init; }

    public int? Undone { get; init; }
}

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JournalLine))]
internal sealed partial class JournalJson : JsonSerializerContext;
