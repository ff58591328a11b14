using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Telelaunch.Attach.Tests;

/// <summary>A /proc of the test's own, with processes that need not run. The reader is number 1, user 1000.</summary>
internal sealed class FakeProc : IDisposable
{
    public const int Reader = 1;
    private const uint User = 1000;

    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-proc-").FullName;

    public FakeProc()
    {
        File.WriteAllText(Passwd, "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\ngrace:x:1001:1001::/home/grace:/bin/sh\n");
        Add(Reader, "reader");
    }

    public string Proc => Path.Combine(_folder, "proc");

    public string Passwd => Path.Combine(_folder, "passwd");

    /// <summary>The TMPDIR of processes that are added with one.</summary>
    public string Temporary => Directory.CreateDirectory(Path.Combine(_folder, "tmp")).FullName;

    public DotnetProcesses Table => new(Proc, Reader, Passwd);

    public void Add(
        int id,
        string name,
        uint user = User,
        char state = 'S',
        int tracer = 0,
        string[]? commandLine = null,
        string[]? environment = null,
        string[]? mapped = null,
        byte[]? executable = null,
        string mountNamespace = "mnt:[1]",
        string networkNamespace = "net:[1]",
        string root = "/",
        string[]? threads = null)
    {
        var process = Directory.CreateDirectory(Path.Combine(Proc, id.ToString(CultureInfo.InvariantCulture))).FullName;
        // The name holds what a careless reader would take for the next fields.
        Write(process, "stat", string.Create(CultureInfo.InvariantCulture, $"{id} ({name}) S 7) {state} 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {StartOf(id)} 0 0"));
        Write(process, "status", string.Create(CultureInfo.InvariantCulture, $"Name:\t{name}\nNSpid:\t{id}\nTracerPid:\t{tracer}\nUid:\t{user}\t{user}\t{user}\t{user}\n"));
        Write(process, "comm", $"{name}\n");
        Write(process, "cmdline", string.Concat((commandLine ?? [$"/opt/{name}"]).Select(word => $"{word}\0")));
        Write(process, "environ", string.Concat((environment ?? []).Select(entry => $"{entry}\0")));
        Write(process, "maps", string.Concat((mapped ?? []).Select(file => $"7f0000000000-7f0000001000 r-xp 00000000 08:01 42                         {file}\n")));
        foreach (var (number, thread) in (threads ?? [name]).Index()) Write(Directory.CreateDirectory(Path.Combine(process, "task", $"{id + number}")).FullName, "comm", $"{thread}\n");
        Directory.CreateDirectory(Path.Combine(process, "ns"));
        File.CreateSymbolicLink(Path.Combine(process, "ns", "pid"), "pid:[1]");
        File.CreateSymbolicLink(Path.Combine(process, "ns", "mnt"), mountNamespace);
        File.CreateSymbolicLink(Path.Combine(process, "ns", "net"), networkNamespace);
        File.CreateSymbolicLink(Path.Combine(process, "root"), root);
        var file = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, $"{id}")).FullName, name);
        File.WriteAllBytes(file, executable ?? Elf(62));
        File.CreateSymbolicLink(Path.Combine(process, "exe"), file);
    }

    /// <summary>Where the runtime of that process would listen.</summary>
    public string SocketOf(int id) => Path.Combine(Temporary, $"dotnet-diagnostic-{id}-{StartOf(id)}-socket");

    public static long StartOf(int id) => 1000 + id;

    /// <summary>An ELF file of headers alone: for a machine, with names in its dynamic symbol table.</summary>
    public static byte[] Elf(ushort machine, params string[] names)
    {
        var text = Encoding.ASCII.GetBytes($"\0{string.Concat(names.Select(name => $"{name}\0"))}");
        var file = new byte[64 + (2 * 64) + text.Length];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(18), machine);
        // e_shoff, e_shentsize, e_shnum; then SHT_DYNSYM with sh_link, and the SHT_STRTAB that it leads to.
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(40), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(58), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(60), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(64 + 4), 11);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(64 + 40), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(128 + 4), 3);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(128 + 24), 192);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(128 + 32), text.Length);
        text.CopyTo(file, 192);
        return file;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void Write(string folder, string file, string text) => File.WriteAllText(Path.Combine(folder, file), text);
}
