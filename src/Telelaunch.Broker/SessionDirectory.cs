using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>The directory of one session, 0700: control socket and verdict table. Directories of sessions that died are swept.</summary>
/// <remarks>
/// The name says who owns it, <c>PIDNS.PID.START.RANDOM</c>, so that there is no moment at which a directory exists without its owner being known. START is the
/// owner's start time: a process number alone comes again. Only directories of this PID namespace are judged; another one's processes can't be seen.
/// </remarks>
public sealed class SessionDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // sun_path holds 108 bytes with its NUL (unix(7)); "/control" goes on top of the path.
    private const int MaximumPathLength = 107 - 8;

    private SessionDirectory(string path) => FullPath = path;

    public string FullPath { get; }

    internal string ControlPath => Path.Combine(FullPath, "control");

    internal string TablePath => Path.Combine(FullPath, "table");

    /// <summary>Sweeps dead sessions and makes a directory for this process.</summary>
    /// <param name="root">Where sessions live; null: <c>$XDG_RUNTIME_DIR/telelaunch</c>, else <c>~/.cache/telelaunch/sessions</c>, else a directory of the user's own in /tmp.</param>
    /// <exception cref="HostException">None of these can be used.</exception>
    public static SessionDirectory Create(string? root)
    {
        var refusals = new List<string>();
        foreach (string candidate in root is null ? Candidates() : [root])
        {
            string path = Path.Combine(candidate, OwnName());
            if (Refusal(path) is string refusal)
            {
                refusals.Add(refusal);
                continue;
            }

            try
            {
                Directory.CreateDirectory(candidate, OwnerOnly);
                Sweep(candidate);
                Directory.CreateDirectory(path, OwnerOnly);
                // A root that another user made first could be renamed by him at any moment.
                if ((File.GetUnixFileMode(path) & ~OwnerOnly) == 0 && (File.GetUnixFileMode(candidate) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0)
                    return new SessionDirectory(path);
                refusals.Add($"{candidate} is open to others");
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                refusals.Add(error.Message);
            }
        }

        throw new HostException(
            "no-session-directory",
            $"No directory for the session can be made: {string.Join("; ", refusals)}.",
            "Set XDG_RUNTIME_DIR to a short path of your own, without blanks or colons.");
    }

    /// <summary>Removes what sessions of dead processes left under <paramref name="root"/>. Returns how many.</summary>
    public static int Sweep(string root)
    {
        ArgumentNullException.ThrowIfNull(root);
        int swept = 0;
        foreach (string path in Directory.EnumerateDirectories(root))
        {
            if (!IsOfDeadProcess(Path.GetFileName(path)))
                continue;
            try
            {
                Directory.Delete(path, recursive: true);
                swept++;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another session sweeps it at the same time.
            }
        }

        return swept;
    }

    /// <summary>The sessions of this user whose launcher lives, wherever a launcher of his may have put them.</summary>
    /// <param name="root">Where sessions live; null: everywhere that <see cref="Create"/> puts them, and /run/user/UID, which another shell's XDG_RUNTIME_DIR may be.</param>
    public static IReadOnlyList<LivingSession> ListLiving(string? root)
    {
        var living = new List<LivingSession>();
        string[] roots = root is null ? [.. Candidates(), string.Create(CultureInfo.InvariantCulture, $"/run/user/{PeerCredentials.CurrentUserId}/telelaunch")] : [root];
        foreach (string folder in roots.Distinct().Where(Directory.Exists))
        {
            foreach (string path in Directory.EnumerateDirectories(folder))
            {
                if (TryReadOwner(Path.GetFileName(path), out int processId, out long start) && ProcessIdentity.StartTimeOf(processId) == start)
                    living.Add(new LivingSession(path, processId));
            }
        }

        return living;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(FullPath, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody cleaned up by hand.
        }
    }

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime)
            yield return Path.Combine(runtime, "telelaunch");
        if (Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home)
            yield return Path.Combine(home, ".cache", "telelaunch", "sessions");
        yield return $"/tmp/telelaunch-{PeerCredentials.CurrentUserId}";
    }

    private static string? Refusal(string path)
    {
        if (!Path.IsPathRooted(path) || path.AsSpan().IndexOfAny(' ', ':', '\t') >= 0)
            return $"{path} is relative, or has blanks or colons";
        return Encoding.UTF8.GetByteCount(path) > MaximumPathLength ? $"{path} is too long for a socket" : null;
    }

    private static string OwnName()
    {
        long start = ProcessIdentity.StartTimeOf(Environment.ProcessId) ?? 0;
        string random = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        return string.Create(CultureInfo.InvariantCulture, $"{PidNamespace()}.{Environment.ProcessId}.{start}.{random}");
    }

    private static bool IsOfDeadProcess(string name) => TryReadOwner(name, out int processId, out long start) && ProcessIdentity.StartTimeOf(processId) != start;

    private static bool TryReadOwner(string name, out int processId, out long start)
    {
        processId = 0;
        start = 0;
        string[] parts = name.Split('.');
        return parts.Length == 4
            && parts[0] == PidNamespace()
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out processId)
            && long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out start);
    }

    // "pid:[4026531836]" of /proc/self/ns/pid, the number alone (namespaces(7)).
    private static string PidNamespace() => string.Concat((new FileInfo("/proc/self/ns/pid").LinkTarget ?? "0").Where(char.IsAsciiDigit));
}

/// <summary>A session whose launcher runs.</summary>
/// <param name="FullPath">Its directory.</param>
/// <param name="OwnerId">The launcher's process number.</param>
public sealed record LivingSession(string FullPath, int OwnerId);
