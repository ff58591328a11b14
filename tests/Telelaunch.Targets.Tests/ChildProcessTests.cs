using System.Text;
using Xunit;

namespace Telelaunch.Targets.Tests;

public sealed class ChildProcessTests : IDisposable
{
    private static readonly InheritedSignals NoSignals = new(0, 0);

    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-child-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ExitCode_IsTheProcesss() => Assert.Equal(7, (await ShellAsync("exit 7")).ShellCode);

    [Fact]
    public async Task EndBySignal_Is128PlusItsNumber() => Assert.Equal(128 + 15, (await ShellAsync("kill -TERM $$")).ShellCode);

    [Fact]
    public async Task Signal_ReachesTheProcess()
    {
        var child = Start("/bin/sleep", ["sleep", "600"]);
        child.Signal(2);
        Assert.Equal(new ProcessExit(0, 2), await child.Exit);
        // The process is gone: nothing to reach, and no error.
        child.Signal(2);
    }

    [Fact]
    public async Task Arguments_AreHandedOverByteForByte()
    {
        byte[] notText = [0xff, 0x80, (byte)'x', (byte)' ', (byte)'"'];
        var file = Path.Combine(_folder, "argument");
        var child = Start("/bin/sh", Bytes("sh", "-c", $"printf %s \"$1\" > '{file}'", "name").Append(notText));
        Assert.Equal(0, (await child.Exit).ShellCode);
        Assert.Equal(notText, await File.ReadAllBytesAsync(file));
    }

    [Fact]
    public async Task Environment_IsExactlyWhatWasGiven()
    {
        var file = Path.Combine(_folder, "environment");
        var start = new ProcessStart("/bin/sh", Bytes("sh", "-c", $"cat /proc/self/environ > '{file}'"), [[.. "A="u8, 0xfe]], NoSignals);
        Assert.Equal(0, (await ChildProcess.Start(start, out _)!.Exit).ShellCode);
        Assert.Contains("A=\u00fe\0", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)));
        Assert.DoesNotContain("HOME=", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)));
    }

    [Fact]
    public async Task BrokenPipeSignal_HasItsDefault()
    {
        // The .NET runtime ignores SIGPIPE; a child that inherited that would see EPIPE and go on.
        Assert.Equal(128 + 13, (await ShellAsync("kill -PIPE $$; exit 0")).ShellCode);
    }

    [Fact]
    public async Task NothingIgnoredByUs_StaysIgnored() =>
        Assert.Equal(0, (await Start("/bin/grep", ["grep", "-q", "SigIgn:.0000000000000000", "/proc/self/status"]).Exit).ShellCode);

    [Fact]
    public async Task Blocked_IsTheMaskThatWasGiven()
    {
        var start = new ProcessStart("/bin/grep", Bytes("grep", "-q", "SigBlk:.0000000000000200", "/proc/self/status"), [], new InheritedSignals(0, Blocked: 0x200));
        Assert.Equal(0, (await ChildProcess.Start(start, out _)!.Exit).ShellCode);
    }

    [Fact]
    public void MissingFile_IsEnoent()
    {
        Assert.Null(ChildProcess.Start(new("/no/such", Bytes("such"), [], NoSignals), out var errno));
        Assert.Equal(2, errno);
    }

    [Fact]
    public async Task TextWithoutInterpreterLine_IsRunByShell()
    {
        var script = Path.Combine(_folder, "text");
        await File.WriteAllTextAsync(script, "exit $1\n");
        File.SetUnixFileMode(script, Programs.Executable);
        Assert.Equal(9, (await Start(script, ["text", "9"]).Exit).ShellCode);
    }

    [Fact]
    public async Task OwnSession_HasItsOwnLeader()
    {
        var start = new ProcessStart("/bin/sh", Bytes("sh", "-c", "test $(ps -o sid= -p $$) = $$"), [], NoSignals, OwnSession: true);
        Assert.Equal(0, (await ChildProcess.Start(start, out _)!.Exit).ShellCode);
    }

    private static Task<ProcessExit> ShellAsync(string script) => Start("/bin/sh", ["sh", "-c", script]).Exit;

    private static ChildProcess Start(string path, string[] arguments) => Start(path, Bytes(arguments));

    private static ChildProcess Start(string path, IEnumerable<byte[]> arguments) =>
        ChildProcess.Start(new(path, [.. arguments], [], NoSignals), out _)!;

    private static byte[][] Bytes(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];
}
