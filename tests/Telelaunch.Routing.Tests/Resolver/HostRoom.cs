using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Telelaunch.Routing.Tests.Resolver;

/// <summary>A machine's worth of files and network for one test: its own network, processes, /etc (on the disk, as elsewhere), /run and /var/lib; programs of packages that aren't installed.</summary>
/// <remarks>Everything in it ends with its first process, which ends with this one. Servers at <see cref="Outside"/> and <see cref="OtherOutside"/> stand for the outside, one at 127.84.53.53 for the split server.</remarks>
internal sealed class HostRoom : IDisposable
{
    public const string Outside = "10.9.9.53";
    public const string OtherOutside = "10.9.9.54";

    private readonly string _folder = Directory.CreateTempSubdirectory("tl-room").FullName;
    private readonly List<Process> _started = [];
    private readonly Process _first;
    private readonly int _id;

    /// <param name="packages">Whose programs are there: names of folders of artifacts/resolvers.</param>
    /// <param name="setUp">What is done in bash before anything else, in the new /etc.</param>
    public HostRoom(string setUp, params string[] packages)
    {
        string resolvers = Path.Combine(Repository(), "artifacts", "resolvers");
        if (packages.Length > 0) Finish(Spawn(Path.Combine(Repository(), "integration", "resolver-packages")));
        string Layers(string folder, string there) => string.Join(':', packages.Select(package => Path.Combine(resolvers, package, folder)).Where(Directory.Exists).Append(there));
        string Overlay(string there, params string[] folders) =>
            Layers(folders[0], there) is var first && folders.Skip(1).Aggregate(first, (lower, folder) => Layers(folder, lower)) is var all && all != there ? $"mount -t overlay overlay -o lowerdir={all} {there}" : "";
        string script = $"""
            set -e
            mount --make-rprivate /
            ip link set lo up
            ip address add {Outside}/32 dev lo
            ip address add {OtherOutside}/32 dev lo
            # systemd-resolved asks nobody while no link is up.
            ip link add eth0 type veth peer name wire
            ip link set wire up
            ip link set eth0 up
            ip address add 10.9.8.2/24 dev eth0
            mkdir {_folder}/etc
            cp -a /etc/passwd /etc/group /etc/hosts /etc/ld.so.* {_folder}/etc/
            mount --bind {_folder}/etc /etc
            echo 'hosts: files dns' > /etc/nsswitch.conf
            mount -t tmpfs tmpfs /run
            mount -t tmpfs tmpfs /var/lib
            {Overlay("/usr/sbin", "usr/sbin", "sbin")}
            {Overlay("/usr/bin", "usr/bin", "bin")}
            {Overlay("/usr/lib", "usr/lib", "lib")}
            {setUp}
            echo ready
            exec cat
            """;
        _first = Spawn("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", script);
        try
        {
            Expect(_first, "ready");
            _id = int.Parse(File.ReadAllText($"/proc/{_first.Id}/task/{_first.Id}/children").Trim(), CultureInfo.InvariantCulture);
            StartNameServer(Outside, "outside", 53);
            StartNameServer(OtherOutside, "outside", 54);
            StartNameServer("127.84.53.53", "split", 84);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void StartNameServer(string address, string kind, int number) => Expect(Start("python3", Beside("nameserver.py"), address, kind, number.ToString(CultureInfo.InvariantCulture)), "ready");

    /// <summary>Runs bash in the room; it must succeed.</summary>
    public string Bash(string script)
    {
        Outcome outcome = Finish(Start("bash", "-c", script));
        Assert.True(outcome.ExitCode == 0, $"{script}: {outcome.ExitCode} {outcome.Output}{outcome.Errors}");
        return outcome.Output;
    }

    /// <summary>Starts a program in the room.</summary>
    public Process Start(string program, params string[] arguments)
    {
        Process process = Spawn("nsenter", ["--target", _id.ToString(CultureInfo.InvariantCulture), "--mount", "--net", "--pid", program, .. arguments]);
        _started.Add(process);
        return process;
    }

    /// <summary>Starts the program that splits names.</summary>
    public ResolvingProcess Resolving() => new(Start("dotnet", typeof(HostRoom).Assembly.Location, "resolve"), this);

    /// <summary>The first IPv4 address of a name as programs of the C library find it; empty where there is none.</summary>
    public string LookUp(string name) => Bash($"getent ahostsv4 {name} | head -n 1 | cut -d ' ' -f 1 || true").Trim();

    /// <summary>Of each file its inode, mode, owner, size, time, link target and content; folders' times don't count.</summary>
    public string Files(params string[] folders) => Bash($$"""
        find {{string.Join(' ', folders)}} \( -name lock -o -name run-lock \) -prune -o \( -type f -o -type l \) -printf '%p %i %m %U:%G %y %s %T@ %l\n' | sort
        find {{string.Join(' ', folders)}} -name 'resolv.conf*' -exec sh -c 'echo "$1"; cat "$1" || true' sh {} \;
        """);

    /// <summary>The same without inodes and times: what one can read.</summary>
    public string Contents(params string[] folders) => Bash($$"""
        find {{string.Join(' ', folders)}} \( -name lock -o -name run-lock \) -prune -o \( -type f -o -type l \) -printf '%p %m %U:%G %y %s %l\n' | sort
        find {{string.Join(' ', folders)}} -name 'resolv.conf*' -exec sh -c 'echo "$1"; cat "$1" || true' sh {} \;
        """);

    /// <summary>Looks external names up meanwhile; <see cref="Lookups.End"/> says what was lost.</summary>
    public Lookups StartLookups() => new(Start("python3", Beside("lookups.py")));

    public void Dispose()
    {
        _first.Kill();
        _first.WaitForExit();
        _first.Dispose();
        foreach (Process process in _started)
        {
            // Its child is dead already, with the room's first process; nsenter ends then.
            process.WaitForExit();
            process.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Reads lines until the one that starts so.</summary>
    internal static string Expect(Process process, string start)
    {
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (line.StartsWith(start, StringComparison.Ordinal)) return line;
        }
        throw new InvalidOperationException($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} ended without '{start}': {process.StandardError.ReadToEnd()}");
    }

    internal static Outcome Finish(Process process)
    {
        process.StandardInput.Close();
        return NetworkNamespace.Finish(process);
    }

    private static Process Spawn(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // The room has no sockets of the real machine's.
        start.Environment.Remove("DBUS_SYSTEM_BUS_ADDRESS");
        return Process.Start(start)!;
    }

    internal static string Beside(string file, [CallerFilePath] string path = "") => Path.Combine(Path.GetDirectoryName(path)!, file);

    internal static string Repository() => Path.GetFullPath(Beside("../../.."));
}

/// <summary>Lookups of an external name that go on until told to end.</summary>
internal sealed class Lookups
{
    private readonly Process _process;

    public Lookups(Process process)
    {
        _process = process;
        HostRoom.Expect(process, "ready");
    }

    /// <summary>How many there were and how many were lost: <c>1234 lookups, 0 lost []</c>.</summary>
    public string End() => HostRoom.Finish(_process).Output.Trim();
}

/// <summary>The program that splits names, in a room.</summary>
internal sealed class ResolvingProcess
{
    private readonly Process _process;
    private readonly HostRoom _room;
    private readonly int _id;

    public ResolvingProcess(Process process, HostRoom room)
    {
        _process = process;
        _room = room;
        _id = int.Parse(HostRoom.Expect(process, "process ").Split(' ')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Gives a command and returns all it said up to its end.</summary>
    public string Do(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        var lines = new List<string>();
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line == "done") return string.Join('\n', lines);
            lines.Add(line);
        }
        throw new InvalidOperationException($"It ended: {_process.StandardError.ReadToEnd()}");
    }

    /// <summary>Waits for a line that it says by itself.</summary>
    public string WaitFor(string start) => HostRoom.Expect(_process, start);

    /// <summary>SIGKILL, in the room's own numbers.</summary>
    public void Kill()
    {
        _room.Bash($"kill -9 {_id}");
        _process.WaitForExit();
    }
}
