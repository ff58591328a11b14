using System.Text.Json;
using Telelaunch.Cli.Guard;

namespace Telelaunch.Cli.Tests.Guard;

public sealed class GuardTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-guard-").FullName;

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task LauncherGone_EndsTheCommandByHangUp_AndRemovesTheDirectory()
    {
        using var command = StartedProgram.Start("/bin/sh", ["-c", "trap 'exit 5' HUP; echo ready; read line"]);
        await command.ReadToAsync("ready");
        await File.WriteAllTextAsync(Path.Combine(_folder, "control"), "");
        using var guard = StartedProgram.Start("telelaunch", ["guard"]);
        await TellAsync(guard, new() { Directory = _folder });
        await TellAsync(guard, new() { Directory = _folder, CommandId = command.Id });
        Assert.True(Directory.Exists(_folder));

        guard.Input.Close();
        Assert.Equal(0, await guard.EndAsync());
        Assert.Equal(("", ""), (guard.Output, guard.Errors));
        Assert.False(Directory.Exists(_folder));
        Assert.Equal(5, await command.EndAsync());
    }

    [Fact]
    public async Task CleanEnd_TouchesNothing()
    {
        using var guard = StartedProgram.Start("telelaunch", ["guard"]);
        await TellAsync(guard, new() { Directory = _folder });
        await TellAsync(guard, new() { Directory = _folder, Done = true });
        guard.Input.Close();
        Assert.Equal(0, await guard.EndAsync());
        Assert.True(Directory.Exists(_folder));
    }

    [Fact]
    public async Task HalfALine_LeavesWhatWasSaidBefore()
    {
        using var guard = StartedProgram.Start("telelaunch", ["guard"]);
        await TellAsync(guard, new() { Directory = _folder });
        await guard.Input.WriteAsync("{\"done\":tr");
        guard.Input.Close();
        Assert.Equal(0, await guard.EndAsync());
        Assert.False(Directory.Exists(_folder));
    }

    [Fact]
    public async Task LauncherThatNeverSaidAnything_LeavesNothingToDo()
    {
        using var guard = StartedProgram.Start("telelaunch", ["guard"]);
        guard.Input.Close();
        Assert.Equal(0, await guard.EndAsync());
    }

    private static async Task TellAsync(StartedProgram guard, GuardedSession session)
    {
        await guard.Input.WriteLineAsync(JsonSerializer.Serialize(session, GuardJson.Default.GuardedSession));
        await guard.Input.FlushAsync();
    }
}
