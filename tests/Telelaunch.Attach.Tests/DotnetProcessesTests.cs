namespace Telelaunch.Attach.Tests;

public sealed class DotnetProcessesTests : IDisposable
{
    private const string CoreClr = "/usr/share/dotnet/shared/Microsoft.NETCore.App/10.0.12/libcoreclr.so";
    private const int Process = 50;

    private readonly FakeProc _proc = new();
    private readonly List<FakeRuntime> _runtimes = [];

    [Fact]
    public async Task ProcessesWithoutARuntime_AreNotListed()
    {
        _proc.Add(Process, "bash");
        _proc.Add(51, "static", executable: FakeProc.Elf(62, "main"));
        _proc.Add(52, "script", executable: "#!/bin/sh\n"u8.ToArray());
        Assert.Empty(await ListAsync());
        Assert.True(_proc.Table.IsThere(Process));
        Assert.False(_proc.Table.IsThere(53));
    }

    [Fact]
    public async Task RunningApplication_TellsRuntimeAndName_AndCanBeAttached()
    {
        _proc.Add(Process, "dotnet", commandLine: ["dotnet", "/srv/shop.dll", "--urls", "x"], environment: [$"TMPDIR={_proc.Temporary}/"], mapped: [CoreClr, CoreClr]);
        var runtime = Listen(Process, FakeRuntime.Answer("shop", "10.0.12+commit"));
        var found = Assert.Single(await ListAsync());
        Assert.Equal(new(Process, FakeProc.StartOf(Process), "ada", "10.0.12", "shop", "dotnet /srv/shop.dll --urls x", _proc.SocketOf(Process), null), found);
        // DOTNET_IPC_V1, 20 bytes, command set 4 (process), command 4 (ProcessInfo2).
        Assert.Equal([.. "DOTNET_IPC_V1\0"u8, 20, 0, 4, 4, 0, 0], runtime.Asked);
    }

    [Fact]
    public async Task SingleFile_IsRecognisedByWhatItsExecutableExports()
    {
        _proc.Add(Process, "shop", environment: [$"TMPDIR={_proc.Temporary}"], executable: FakeProc.Elf(62, "other", "DotNetRuntimeInfo"));
        Listen(Process, FakeRuntime.Answer("shop", "8.0.33"));
        Assert.Null(Assert.Single(await ListAsync()).Obstacle);
    }

    [Fact]
    public async Task NativeAot_IsRecognised()
    {
        _proc.Add(Process, "shop", environment: [$"TMPDIR={_proc.Temporary}"], executable: FakeProc.Elf(62, "DotNetRuntimeDebugHeader"));
        // One with EventSource support has a socket, and no profiler to load all the same.
        Listen(Process, FakeRuntime.Answer("shop", "10.0.12"));
        var found = await ObstacleAsync();
        Assert.Equal("attach-native-aot", found.Code);
        Assert.Contains("telelaunch run", found.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnotherUsersProcess_IsRefused_WithThatUser()
    {
        _proc.Add(Process, "shop", user: 1001, environment: [$"TMPDIR={_proc.Temporary}"], mapped: [CoreClr]);
        var runtime = Listen(Process, FakeRuntime.Answer("shop", "10.0.12"));
        var found = await ObstacleAsync();
        Assert.Equal("attach-other-user", found.Code);
        Assert.Contains("sudo -u grace telelaunch attach 50", found.Remedy, StringComparison.Ordinal);
        Assert.Empty(runtime.Asked);
    }

    [Theory]
    [InlineData("mnt:[2]", "net:[1]", "/")]
    [InlineData("mnt:[1]", "net:[2]", "/")]
    [InlineData("mnt:[1]", "net:[1]", "/srv/jail")]
    public async Task AnotherContainersProcess_IsRefused(string mount, string network, string root)
    {
        _proc.Add(Process, "shop", mapped: [CoreClr], mountNamespace: mount, networkNamespace: network, root: root);
        Assert.Equal("attach-other-container", (await ObstacleAsync()).Code);
    }

    [Fact]
    public async Task SocketInAnotherMountNamespace_IsAskedThroughProc()
    {
        var root = Directory.CreateDirectory(Path.Combine(_proc.Temporary, "root")).FullName;
        Directory.CreateDirectory(Path.Combine(root, "tmp"));
        _proc.Add(Process, "shop", mapped: ["/app/libcoreclr.so"], mountNamespace: "mnt:[2]", root: root);
        _runtimes.Add(new(Path.Combine(root, "tmp", Path.GetFileName(_proc.SocketOf(Process))), FakeRuntime.Answer("shop", "9.0.22")));
        Assert.Equal("9.0.22", Assert.Single(await ListAsync()).Runtime);
    }

    [Fact]
    public async Task AnotherArchitecture_IsRefused()
    {
        _proc.Add(Process, "shop", mapped: ["/app/libcoreclr.so"], executable: FakeProc.Elf(40));
        var found = await ObstacleAsync();
        Assert.Equal("attach-other-architecture", found.Code);
        Assert.Contains("arm", found.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OldRuntime_IsRefused_AsNotTried()
    {
        _proc.Add(Process, "dotnet", environment: [$"TMPDIR={_proc.Temporary}"], mapped: ["/usr/share/dotnet/shared/Microsoft.NETCore.App/6.0.36/libcoreclr.so"]);
        Listen(Process, FakeRuntime.Answer("shop", "6.0.36"));
        Assert.Equal(".NET 6.0.36: not tried", (await ObstacleAsync()).Word);
    }

    [Theory]
    [InlineData("DOTNET_EnableDiagnostics=0", false)]
    [InlineData("COMPlus_EnableDiagnostics=0", false)]
    [InlineData("DOTNET_EnableDiagnostics_Profiler=0", true)]
    public async Task DiagnosticsSwitchedOff_IsToldWithTheSwitch(string variable, bool hasSocket)
    {
        _proc.Add(Process, "shop", environment: [$"TMPDIR={_proc.Temporary}", variable], mapped: [CoreClr]);
        if (hasSocket) Listen(Process, FakeRuntime.Answer("shop", "10.0.12"));
        var found = await ObstacleAsync();
        Assert.Equal("attach-diagnostics-off", found.Code);
        Assert.Contains(variable, found.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoSocket_IsRefused()
    {
        _proc.Add(Process, "shop", environment: [$"TMPDIR={_proc.Temporary}", "DOTNET_EnableDiagnostics=1"], mapped: [CoreClr]);
        // A socket of a process that had this number before.
        File.WriteAllText(Path.Combine(_proc.Temporary, $"dotnet-diagnostic-{Process}-7-socket"), "");
        Assert.Equal("attach-diagnostics-off", (await ObstacleAsync()).Code);
    }

    [Fact]
    public async Task PreloadedProcess_IsInASessionAlready()
    {
        _proc.Add(Process, "shop", environment: [$"TMPDIR={_proc.Temporary}", $"TELELAUNCH_SESSION={_proc.Temporary}"], mapped: [CoreClr, "/home/ada/.cache/telelaunch/shim/0011/libtelelaunch.so"]);
        _proc.Add(51, "shop", environment: [$"TMPDIR={_proc.Temporary}", "TELELAUNCH_SESSION=/no/such/session"], mapped: [CoreClr, "/home/ada/.cache/telelaunch/shim/0011/libtelelaunch.so"]);
        foreach (var id in (int[])[Process, 51]) Listen(id, FakeRuntime.Answer("shop", "10.0.12"));
        Assert.Equal(["in a session", "of a session that has ended"], (await ListAsync()).Select(process => process.Obstacle!.Word));
    }

    [Fact]
    public async Task ProcessThatWasDetached_CanBeAttachedAgain()
    {
        _proc.Add(Process, "shop", environment: [$"TMPDIR={_proc.Temporary}"], mapped: [CoreClr, "/home/ada/.cache/telelaunch/shim/0011/libtelelaunch.so"]);
        Listen(Process, FakeRuntime.Answer("shop", "10.0.12"));
        Assert.Null(Assert.Single(await ListAsync()).Obstacle);
    }

    [Fact]
    public async Task StoppedAndTracedProcesses_AreRefused()
    {
        _proc.Add(49, "gdb");
        _proc.Add(Process, "shop", tracer: 49, environment: [$"TMPDIR={_proc.Temporary}"], mapped: [CoreClr]);
        _proc.Add(51, "shop", state: 'T', environment: [$"TMPDIR={_proc.Temporary}"], mapped: [CoreClr]);
        foreach (var id in (int[])[Process, 51]) Listen(id, FakeRuntime.Answer("shop", "10.0.12"));
        var found = await ListAsync();
        Assert.All(found, process => Assert.Equal("attach-debugged", process.Obstacle!.Code));
        Assert.Contains("gdb (process 49)", found[0].Obstacle!.Cause, StringComparison.Ordinal);
        Assert.Contains("kill -CONT 51", found[1].Obstacle!.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("attach-suspended", "shop")]
    [InlineData(null, "shop", ".NET Finalizer")]
    public async Task RuntimeThatWaitsForATool_IsRefused(string? code, params string[] threads)
    {
        _proc.Add(Process, "shop", environment: [$"TMPDIR={_proc.Temporary}", "DOTNET_DefaultDiagnosticPortSuspend=1"], mapped: [CoreClr], threads: threads);
        Listen(Process, FakeRuntime.Answer("shop", "10.0.12"));
        Assert.Equal(code, Assert.Single(await ListAsync()).Obstacle?.Code);
    }

    [Fact]
    public async Task AnswerThatIsNone_MeansSilent()
    {
        byte[] whole = FakeRuntime.Answer("shop", "10.0.12");
        byte[][] answers = [[], [1, 2, 3], whole[..60], FakeRuntime.Answer("shop", "10.0.12", command: 0xFF), [.. whole[..44], 0xFF, 0xFF, 0xFF, 0x7F, .. whole[48..]], [.. "DOTNET_IPC_V2"u8, .. whole[13..]]];
        for (var i = 0; i < answers.Length; i++)
        {
            _proc.Add(Process + i, "shop", environment: [$"TMPDIR={_proc.Temporary}"], mapped: [CoreClr]);
            Listen(Process + i, answers[i]);
        }
        var found = await ListAsync();
        Assert.Equal(answers.Length, found.Count);
        Assert.All(found, process => Assert.Equal("attach-no-answer", process.Obstacle?.Code));
        // The file's path and the command line tell as much as they can.
        Assert.All(found, process => Assert.Equal(("10.0.12", "shop"), (process.Runtime, process.Application)));
    }

    [Fact]
    public async Task LongCommandLine_IsShortened()
    {
        _proc.Add(Process, "shop", commandLine: ["/opt/shop", new string('x', 5000)], mapped: [CoreClr]);
        Assert.Equal(200, Assert.Single(await ListAsync()).CommandLine.Length);
    }

    [Fact]
    public async Task EndedProcess_IsNotThere()
    {
        _proc.Add(Process, "shop", state: 'Z', mapped: [CoreClr]);
        Assert.Empty(await ListAsync());
        Assert.Null(await _proc.Table.FindAsync(Process, CancellationToken.None));
        Assert.False(_proc.Table.IsThere(Process));
    }

    public void Dispose()
    {
        foreach (var runtime in _runtimes) runtime.Dispose();
        _proc.Dispose();
    }

    private Task<IReadOnlyList<DotnetProcess>> ListAsync() => _proc.Table.ListAsync(CancellationToken.None);

    private async Task<AttachObstacle> ObstacleAsync() => Assert.Single(await ListAsync()).Obstacle ?? throw new InvalidOperationException("It can be attached.");

    private FakeRuntime Listen(int process, byte[] answer)
    {
        var runtime = new FakeRuntime(_proc.SocketOf(process), answer);
        _runtimes.Add(runtime);
        return runtime;
    }
}
