using System.Net.Sockets;

namespace Telelaunch.StartupHook.Tests;

/// <summary>Whatever the hook meets, the application's exit code and output stay its own, and at most one line tells of it.</summary>
public sealed class HarmTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tl").FullName;

    public static TheoryData<int> Runtimes => DotNetRuntime.All;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, MemberData(nameof(Runtimes))]
    public async Task NoSession_IsNoFault(int runtime) =>
        Assert.Equal(new HookedRun(7, "hello from the application\n", ""), await HookedRun.RunAsync(runtime, null, HookedRun.Hook, "greet"));

    [Theory, MemberData(nameof(Runtimes))]
    public async Task SessionDirectoryThatIsGone_IsOneLine(int runtime) => await RunsOnAsync(runtime, Path.Combine(_folder, "none"), "ENOENT");

    [Theory, MemberData(nameof(Runtimes))]
    public async Task SessionThatHasEnded_IsOneLine(int runtime)
    {
        // A socket's file that nobody listens on any more.
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, "control")));
            await RunsOnAsync(runtime, _folder, "ECONNREFUSED");
        }
    }

    [Theory, MemberData(nameof(Runtimes))]
    public async Task BrokerThatNeverReads_HoldsNobodyUp(int runtime)
    {
        // Two fit into a backlog of one; the third would wait, were its socket a blocking one.
        using var broker = new StandInBroker(backlog: 1);
        for (int i = 0; i < 2; i++)
            Assert.Equal("", (await HookedRun.RunAsync(runtime, broker.SessionPath, HookedRun.Hook, "greet")).Errors);
        await RunsOnAsync(runtime, broker.SessionPath, "EAGAIN");
    }

    [Theory, MemberData(nameof(Runtimes))]
    public async Task PathThatIsTooLongForASocket_IsOneLine(int runtime) => await RunsOnAsync(runtime, "/" + new string('x', 200), "ENAMETOOLONG");

    [Theory, MemberData(nameof(Runtimes))]
    public async Task SessionThatIsNoDirectory_IsOneLine(int runtime)
    {
        string file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "");
        await RunsOnAsync(runtime, file, "gone");
    }

    private static async Task RunsOnAsync(int runtime, string session, string cause)
    {
        HookedRun run = await HookedRun.RunAsync(runtime, session, HookedRun.Hook, "greet");
        Assert.Equal((7, "hello from the application\n"), (run.ExitCode, run.Output));
        string line = Assert.Single(run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("telelaunch: ", line, StringComparison.Ordinal);
        Assert.Contains(cause, line, StringComparison.Ordinal);
    }
}
