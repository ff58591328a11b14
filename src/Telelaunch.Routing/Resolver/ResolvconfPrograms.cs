using Telelaunch.Linux;
using Telelaunch.Routing.Journal;

namespace Telelaunch.Routing.Resolver;

/// <summary>The two programs called resolvconf(8) that keep a record for each interface and make a resolv.conf of all: Debian's and openresolv.</summary>
/// <remarks>
/// Debian's renames a new file over its old one. openresolv empties /etc/resolv.conf and then fills it; a lookup in that moment finds no server and fails. So it is run where
/// /etc/resolv.conf is a copy (<see cref="PrivateMount"/>), and what it wrote is put in place at once.
/// </remarks>
internal static class ResolvconfPrograms
{
    /// <summary>The record's name: both sort <c>lo</c> before all others, so that ours is the first server (interface-order(5), resolvconf.conf(5)).</summary>
    public const string RecordName = "lo.telelaunch";

    /// <summary>
    /// Adding a record. Not exclusively (openresolv's -x): then local servers that resolvconf configures as well would lose theirs; a server on loopback hides
    /// the others from the C library anyway, in both (resolv_conf_local_only, TRUNCATE_NAMESERVER_LIST_AFTER_LOOPBACK_ADDRESS).
    /// </summary>
    public static string[] AddArguments(bool isOpenresolv) => isOpenresolv ? ["-m", "0", "-a", RecordName] : ["-a", RecordName];

    /// <summary>Removing it; no error where it isn't there.</summary>
    public static string[] RemoveArguments(bool isOpenresolv) => isOpenresolv ? ["-f", "-d", RecordName] : ["-d", RecordName];

    /// <summary>What the others' records say, as one resolv.conf in the program's order; null where the program can't tell (Debian's before 1.80).</summary>
    public static string? ReadOthers(string program)
    {
        HostProgram.Result list = HostProgram.Run(program, ["-l"]);
        if (list.Code != 0) return null;
        var lines = new List<string>();
        bool isOthers = true;
        foreach (string line in list.Output.Split('\n'))
        {
            // Both head each record so.
            if (line.StartsWith("# resolv.conf from ", StringComparison.Ordinal)) isOthers = !line.EndsWith(' ' + RecordName, StringComparison.Ordinal);
            else if (isOthers) lines.Add(line);
        }
        return string.Join('\n', lines);
    }

    /// <summary>Runs openresolv where /etc/resolv.conf is a copy of <paramref name="text"/>.</summary>
    /// <returns>What it made of it; null where we may not mount, and it wasn't run.</returns>
    public static (HostProgram.Result Result, string Text)? RunAside(string program, string[] arguments, string input, HostPaths paths, string text)
    {
        // A folder in which nobody else can put anything.
        string copy = Path.Combine(paths.Journals, $"resolv.conf-{Guid.NewGuid():N}");
        try
        {
            File.WriteAllText(copy, text);
            HostProgram.Result? result = null;
            bool isMounted = PrivateMount.TryRun(paths.ResolvConf, copy, () => result = HostProgram.Run(program, arguments, input));
            return isMounted ? (result!, File.ReadAllText(copy)) : null;
        }
        finally
        {
            File.Delete(copy);
        }
    }

    /// <summary>Removes the record, and with openresolv brings the original, which still lies beside, up to what it says now.</summary>
    /// <param name="original">The file that is to be what openresolv makes of the others' records; null with Debian's, which sees to that itself.</param>
    /// <returns>Null, or why something was left.</returns>
    public static string? Remove(ResolvconfRecord record, HostPaths paths, string? original)
    {
        try
        {
            string[] arguments = RemoveArguments(record.IsOpenresolv);
            if (!File.Exists(record.Program)) return null;
            if (original is not null && File.Exists(original))
            {
                string text = File.ReadAllText(original);
                if (RunAside(record.Program, arguments, "", paths, text) is { } aside)
                {
                    if (aside.Text != text && !ResolvConf.IsOurs(aside.Text)) File.WriteAllText(original, aside.Text);
                    return Left(record, aside.Result);
                }
            }
            return Left(record, HostProgram.Run(record.Program, arguments));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"The record {record.Name} of resolvconf can't be removed: {error.Message}";
        }
    }

    private static string? Left(ResolvconfRecord record, HostProgram.Result result) =>
        result.Code == 0 ? null : $"'{record.Program} -d {record.Name}' ended with {result.Code}: {result.Error}";
}
