namespace Telelaunch.Cli.Variables;

/// <summary>Names of variables that mean the container's files, user or runtime, and would mislead a process on this machine.</summary>
internal static class OwnNames
{
    /// <summary>Not passed unless <c>--env-include</c> names them.</summary>
    public static IReadOnlyList<NameGlob> OfTheContainer { get; } = Globs(
        // The user, the machine, the shell.
        "PATH", "HOME", "HOSTNAME", "PWD", "OLDPWD", "SHLVL", "SHELL", "USER", "LOGNAME", "TERM", "TMPDIR", "TMP", "TEMP", "XDG_*", "_",
        // The dynamic linker.
        "LD_*",
        // .NET: paths in the image, and what tunes or watches the runtime for the container's limits.
        "DOTNET_STARTUP_HOOKS", "DOTNET_ADDITIONAL_DEPS", "DOTNET_SHARED_STORE", "DOTNET_ROOT*", "DOTNET_HOST_PATH", "DOTNET_BUNDLE_EXTRACT_BASE_DIR",
        "DOTNET_gc*", "DOTNET_GC*", "COMPlus_*", "DOTNET_EnableDiagnostics*", "DOTNET_DiagnosticPorts", "CORECLR_*", "COR_*",
        // Other languages' paths and agents.
        "JAVA_*", "JDK_*", "_JAVA_OPTIONS", "CLASSPATH", "GOPATH", "GOROOT", "PYTHONPATH", "PYTHONHOME", "GEM_*", "BUNDLE_*", "RUBYLIB", "RUBYOPT",
        "NODE_OPTIONS", "NODE_PATH", "PERL5LIB", "PERL5OPT");

    /// <summary>Never passed: they would take the command out of the session, or load the container's libraries into it.</summary>
    public static IReadOnlyList<NameGlob> OfTelelaunch { get; } = Globs("LD_PRELOAD", "TELELAUNCH_*");

    private static NameGlob[] Globs(params string[] texts) => [.. texts.Select(text => new NameGlob(text))];
}
