using System.Diagnostics;
using Xunit;

namespace Telelaunch.Targets.Tests;

/// <summary>Real programs of every kind, compiled once for all tests of a class.</summary>
public sealed class Programs : IDisposable
{
    /// <summary>The note and the section by which a program of the Go toolchain is known (cmd/link writes both).</summary>
    private const string GoNote = """
        __asm__(".section .note.go.buildid,\"a\",@note\n.long 4\n.long 8\n.long 4\n.ascii \"Go\\0\\0\"\n.ascii \"build-id\"\n.previous");
        """;

    private const string Empty = "int main(void) { return 0; }";

    public string Folder { get; } = Directory.CreateTempSubdirectory("telelaunch-targets-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    public string Dynamic() => Compile("dynamic", "gcc", Empty);

    public string Static() => Compile("static", "gcc", Empty, "-static");

    public string StaticPie() => Compile("static-pie", "gcc", Empty, "-static-pie");

    public string Musl() => Compile("musl", "musl-gcc", Empty);

    public string StaticGo() => Compile("go-static", "gcc", GoNote + Empty, "-static");

    public string DynamicGo() => Compile("go-cgo", "gcc", GoNote + Empty);

    /// <summary>A program whose header says that it is for another machine.</summary>
    public string Foreign(ushort machine)
    {
        var path = Path.Combine(Folder, $"machine-{machine}");
        var image = File.ReadAllBytes(Dynamic());
        (image[18], image[19]) = ((byte)machine, (byte)(machine >> 8));
        File.WriteAllBytes(path, image);
        File.SetUnixFileMode(path, Executable);
        return path;
    }

    public string Script(string name, string text, UnixFileMode mode = Executable)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, mode);
        return path;
    }

    public const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private string Compile(string name, string compiler, string source, params string[] options)
    {
        var path = Path.Combine(Folder, name);
        if (File.Exists(path)) return path;
        var start = new ProcessStartInfo(compiler) { RedirectStandardInput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-x", "c", "-", "-o", path, .. options]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        process.StandardInput.Write(source);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{compiler}: {errors}");
        return path;
    }
}
