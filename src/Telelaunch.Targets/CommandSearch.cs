namespace Telelaunch.Targets;

/// <summary>How the search for a command ended.</summary>
public enum CommandSearchStatus
{
    /// <summary>There is an executable file; <see cref="CommandSearchResult.Path"/> names it.</summary>
    Found,

    /// <summary>No file of that name (exit code 127).</summary>
    NotFound,

    /// <summary>A file of that name that may not be executed, or that is no file (exit code 126).</summary>
    NotExecutable,
}

/// <summary>The file behind a command name, or why there is none.</summary>
/// <param name="Path">As execve(2) would be given it: not made absolute, links not followed; the offending file with NotExecutable; empty with NotFound.</param>
/// <param name="Reason">Why not, as half a sentence: <c>is a directory</c>; empty with Found.</param>
public sealed record CommandSearchResult(CommandSearchStatus Status, string Path, string Reason);

/// <summary>Finds a command as execvp(3) does: a name with a slash is a path, any other is looked for in each directory of PATH.</summary>
public static class CommandSearch
{
    // What glibc takes when PATH isn't set (confstr(3), _CS_PATH).
    private const string DefaultPath = "/bin:/usr/bin";

    /// <param name="searchPath">Value of PATH; null where it isn't set. An empty element is the current directory.</param>
    public static CommandSearchResult Find(string command, string? searchPath)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (command.Length == 0) return new(CommandSearchStatus.NotFound, "", "is an empty name");
        if (command.Contains('/')) return Look(command);

        CommandSearchResult? refused = null;
        foreach (var directory in (searchPath ?? DefaultPath).Split(':'))
        {
            var result = Look(directory.Length == 0 ? command : Path.Combine(directory, command));
            if (result.Status == CommandSearchStatus.Found) return result;
            // As execvp(3): a refusal is remembered and the search goes on.
            if (result.Status == CommandSearchStatus.NotExecutable) refused ??= result;
        }
        return refused ?? new(CommandSearchStatus.NotFound, "", "is in no directory of PATH");
    }

    private static CommandSearchResult Look(string path)
    {
        // The kernel follows links, and stat(2) through a directory that can't be searched looks like absence to .NET: execute permission tells them apart.
        if (Directory.Exists(path)) return new(CommandSearchStatus.NotExecutable, path, "is a directory");
        if (!File.Exists(path)) return Libc.IsDenied(path)
            ? new(CommandSearchStatus.NotExecutable, path, "lies in a directory that may not be searched")
            : new(CommandSearchStatus.NotFound, "", "does not exist");
        return Libc.MayExecute(path)
            ? new(CommandSearchStatus.Found, path, "")
            : new(CommandSearchStatus.NotExecutable, path, "has no execute permission");
    }
}
