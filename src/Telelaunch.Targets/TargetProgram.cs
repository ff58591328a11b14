namespace Telelaunch.Targets;

/// <summary>What the kernel will really run for a command: the end of the chain of <c>#!</c> lines, and what it is.</summary>
/// <param name="Command">The file that was asked for.</param>
/// <param name="Executable">The file whose image is loaded: <paramref name="Command"/>, or the last interpreter.</param>
/// <param name="Interpreters">The interpreters in between, first to last; empty for a binary.</param>
/// <param name="Image">Null where the executable is no ELF image or can't be read.</param>
/// <param name="Gain">What running it adds to our rights, which switches preloading off.</param>
/// <param name="Obstacle">Why it can't be executed, as half a sentence; null where nothing speaks against it.</param>
public sealed record TargetProgram(
    string Command, string Executable, IReadOnlyList<string> Interpreters, ElfImage? Image, PrivilegeGain Gain, string? Obstacle)
{
    // fs/exec.c, exec_binprm(): "This allows 4 levels of binfmt rewrites before failing hard."
    private const int MostInterpreters = 5;

    /// <summary>Looks at a command; nothing is run.</summary>
    /// <param name="searchPath">PATH, for <c>#!/usr/bin/env NAME</c>.</param>
    public static TargetProgram Inspect(string command, string? searchPath)
    {
        List<string> interpreters = [];
        var file = command;
        try
        {
            while (ScriptLine.Read(file) is { } script)
            {
                if (interpreters.Count >= MostInterpreters) return Obstructed($"leads through more than {MostInterpreters} interpreters, the last of them '{file}'");
                if (CommandSearch.Find(AsPath(script.Interpreter), null) is { Status: not CommandSearchStatus.Found } missing)
                    return Obstructed($"names the interpreter '{script.Interpreter}', which {missing.Reason}");
                interpreters.Add(file = script.Interpreter);
                if (script.NameForEnv() is not { } name) continue;
                var found = CommandSearch.Find(name, searchPath);
                if (found.Status != CommandSearchStatus.Found) return Obstructed($"names the interpreter '{name}' by way of env, which {found.Reason}");
                interpreters.Add(file = found.Path);
            }
            return Judge(ElfImage.Read(file));
        }
        // What may be executed but not read starts all the same; it only can't be looked at.
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new(command, file, interpreters, null, PrivilegeGains.Of(file), null);
        }

        TargetProgram Judge(ElfImage? image) => new(command, file, interpreters, image, PrivilegeGains.Of(file), image is null ? null : ObstacleOf(image));
        TargetProgram Obstructed(string obstacle) => new(command, file, interpreters, null, PrivilegeGain.None, obstacle);
    }

    private static string? ObstacleOf(ElfImage image)
    {
        if (!Machine.Runs(image)) return $"is a program for {image.MachineName}, and this machine is {Machine.Name}";
        if (image.Interpreter is { } loader && !File.Exists(loader)) return $"needs the loader '{loader}', which isn't installed here";
        return null;
    }

    /// <summary>An interpreter is never searched for: a name without a slash is relative to the current directory.</summary>
    private static string AsPath(string interpreter) => interpreter.Contains('/') ? interpreter : "./" + interpreter;
}
