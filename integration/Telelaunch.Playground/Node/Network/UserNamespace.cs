using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Telelaunch.Playground.Node.Network;

// Without root, the daemon runs as root of a user namespace, which then owns every namespace that it makes. The host's network namespace is kept, so the
// API server listens on the host's 127.0.0.1. With newuidmap and a line in /etc/subuid there are 65536 users inside; otherwise there is one, and whatever
// user a pod asks for, its processes have that one.

/// <summary>Lets a user without root run the node.</summary>
internal static partial class UserNamespace
{
    /// <summary>True if this process may make namespaces as it is.</summary>
    public static bool IsRoot => geteuid() == 0;

    /// <summary>How many users there are in this user namespace.</summary>
    public static long UserCount { get; } = File.ReadLines("/proc/self/uid_map")
        .Sum(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture));

    /// <summary>True if this is the host's own user namespace, where root is root.</summary>
    public static bool IsInitial => UserCount >= uint.MaxValue;

    /// <summary>True if every user id up to 65534 can be used for pods.</summary>
    public static bool HasManyUsers => UserCount > 1000;

    /// <summary>Runs this program again as root of a user namespace, to its end. Null if this already is root of one.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int?> ReexecAsync(IReadOnlyList<string> arguments)
    {
        if (IsRoot)
            return null;
        var prefix = ReexecPrefix();
        var start = new ProcessStartInfo(prefix[0]);
        foreach (var word in prefix.Skip(1).Append(Environment.ProcessPath!))
            start.ArgumentList.Add(word);
        // Started as "dotnet playground.dll", the program's own path comes first.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var again = Process.Start(start)!;
        await again.WaitForExitAsync();
        return again.ExitCode;
    }

    private static IReadOnlyList<string> ReexecPrefix()
    {
        var name = Environment.UserName;
        var many = File.Exists("/usr/bin/newuidmap") && HasRange("/etc/subuid", name) && HasRange("/etc/subgid", name);
        return ["unshare", "--user", "--map-root-user", .. many ? (string[])["--map-auto"] : [], "--mount", "--"];
    }

    private static bool HasRange(string file, string user) => File.Exists(file) && File.ReadLines(file).Any(line => line.StartsWith(user + ":", StringComparison.Ordinal));

    [LibraryImport("libc")]
    private static partial uint geteuid();
}
