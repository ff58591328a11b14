using System.Globalization;
using System.Text;

namespace Telelaunch.Attach;

/// <summary>What /proc tells of one process (proc(5)). What this user may not see, or what has gone, is null or empty.</summary>
/// <param name="proc">Where /proc is mounted.</param>
internal sealed class ProcessFiles(string proc, int processId)
{
    private static readonly string[] Namespaces = ["pid", "mnt", "net"];

    private readonly string _folder = Path.Combine(proc, processId.ToString(CultureInfo.InvariantCulture));
    private Dictionary<string, string>? _environment;

    public int Id => processId;

    /// <summary>The numbers of all processes that are visible.</summary>
    public static IEnumerable<int> ListIds(string proc) => Directory.EnumerateDirectories(proc)
        .Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
        .Where(id => id > 0);

    /// <summary>Field 22 of stat, in clock ticks since boot: with the number it names the process for good. Null where there is no such process, or it has ended.</summary>
    public long? StartTime => Stat is { State: not ('Z' or 'X') } stat ? stat.Start : null;

    /// <summary>Stopped by a signal, or by a debugger.</summary>
    public bool IsStopped => Stat?.State is 'T' or 't';

    /// <summary>The effective user.</summary>
    public uint? UserId => uint.TryParse(Status("Uid:")?.Split('\t', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1), CultureInfo.InvariantCulture, out var user) ? user : null;

    /// <summary>Who traces it by ptrace(2); 0: nobody.</summary>
    public int TracerId => int.TryParse(Status("TracerPid:"), CultureInfo.InvariantCulture, out var tracer) ? tracer : 0;

    /// <summary>Its number in its own PID namespace.</summary>
    public int OwnId => int.TryParse(Status("NSpid:")?.Split('\t', StringSplitOptions.RemoveEmptyEntries)[^1], CultureInfo.InvariantCulture, out var id) ? id : processId;

    /// <summary>comm: at most 15 bytes of the program's name.</summary>
    public string Name => ReadText("comm").TrimEnd('\n');

    /// <summary>The executable's path, without what the kernel adds once the file was replaced.</summary>
    public string? Executable => Link("exe") is { } path ? path.EndsWith(" (deleted)", StringComparison.Ordinal) ? path[..^10] : path : null;

    /// <summary>Opens the executable itself, in whatever namespace it lies, replaced or not.</summary>
    public string ExecutableFile => Path.Combine(_folder, "exe");

    /// <summary>The process's own view of the files.</summary>
    public string RootFolder => Path.Combine(_folder, "root");

    public IReadOnlyList<string> CommandLine => ReadText("cmdline") is { Length: > 0 } line ? line.TrimEnd('\0').Split('\0') : [];

    /// <summary>What it was started with; changes of its own aren't seen.</summary>
    public IReadOnlyDictionary<string, string> Environment => _environment ??= ReadEnvironment();

    /// <summary>The paths of files that are mapped, each once.</summary>
    public IReadOnlyCollection<string> MappedFiles
    {
        get
        {
            HashSet<string> files = [];
            foreach (var line in ReadText("maps").Split('\n'))
            {
                // ADDRESS PERMISSIONS OFFSET DEVICE INODE, blanks, path; only a path has a '/'.
                var slash = line.IndexOf('/', StringComparison.Ordinal);
                if (slash > 0) files.Add(line[slash..]);
            }
            return files;
        }
    }

    /// <summary>The names of its threads, at most 15 bytes each.</summary>
    public IEnumerable<string> ThreadNames
    {
        get
        {
            try
            {
                return [.. Directory.EnumerateDirectories(Path.Combine(_folder, "task")).Select(thread => ReadText(Path.Combine("task", Path.GetFileName(thread), "comm")).TrimEnd('\n'))];
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return [];
            }
        }
    }

    /// <summary>The first of its namespaces (PID, mount, network) that isn't the other's, or "root" where its root directory is another.</summary>
    public string? ForeignPlace(ProcessFiles other) => Namespaces.FirstOrDefault(name => Link($"ns/{name}") is { } own && own != other.Link($"ns/{name}"))
        ?? (Link("root") is { } root && root != other.Link("root") ? "root" : null);

    private (char State, long Start)? Stat
    {
        get
        {
            // comm, the second field, is in parentheses and may hold blanks and parentheses itself.
            var stat = ReadText("stat");
            var end = stat.LastIndexOf(')');
            var fields = end < 0 ? [] : stat[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > 19 && long.TryParse(fields[19], CultureInfo.InvariantCulture, out var start) ? (fields[0][0], start) : null;
        }
    }

    private string? Status(string field) => ReadText("status").Split('\n').FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal))?[field.Length..].Trim();

    private Dictionary<string, string> ReadEnvironment()
    {
        Dictionary<string, string> variables = [];
        foreach (var entry in ReadText("environ").Split('\0'))
        {
            var equals = entry.IndexOf('=', StringComparison.Ordinal);
            // getenv(3) takes the first of a name.
            if (equals > 0) variables.TryAdd(entry[..equals], entry[(equals + 1)..]);
        }
        return variables;
    }

    private string? Link(string name)
    {
        try
        {
            return new FileInfo(Path.Combine(_folder, name)).LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private string ReadText(string name)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(_folder, name)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
