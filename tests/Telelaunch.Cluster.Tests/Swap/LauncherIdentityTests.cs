using System.Diagnostics;

namespace Telelaunch.Cluster.Tests;

public class LauncherIdentityTests
{
    [Fact]
    public void ThisProcess_Lives() => Assert.True(LauncherIdentity.IsAlive(LauncherIdentity.OfThisProcess()));

    [Fact]
    public void AnotherProcessOfTheSameNumber_IsNotThatOne()
    {
        var parts = LauncherIdentity.OfThisProcess().Split('/');

        Assert.Equal(3, parts.Length);
        Assert.False(LauncherIdentity.IsAlive($"{parts[0]}/{parts[1]}/{long.Parse(parts[2]) - 1}"));
    }

    [Fact]
    public async Task EndedProcess_IsDead()
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/cat") { RedirectStandardInput = true })!;
        var identity = IdentityOf(process.Id);
        Assert.True(LauncherIdentity.IsAlive(identity));

        process.StandardInput.Close();
        await process.WaitForExitAsync();

        Assert.False(LauncherIdentity.IsAlive(identity));
    }

    [Fact]
    public async Task Zombie_IsDead()
    {
        // A shell that becomes `cat` never reaps the child it had, which ends when its own input does.
        using var parent = Process.Start(new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true, ArgumentList = { "-c", "exec 3<&0; (read line <&3) & echo $!; exec cat" } })!;
        var child = int.Parse((await parent.StandardOutput.ReadLineAsync())!);
        var identity = IdentityOf(child);
        Assert.True(LauncherIdentity.IsAlive(identity));

        Process.GetProcessById(child).Kill();
        while (State(child) != 'Z') await Task.Yield();

        Assert.False(LauncherIdentity.IsAlive(identity));
        parent.StandardInput.Close();
        await parent.WaitForExitAsync();
    }

    [Fact]
    public void OtherBootOrMachine_CannotBeSeenFromHere()
    {
        var parts = LauncherIdentity.OfThisProcess().Split('/');

        Assert.Null(LauncherIdentity.IsAlive($"00000000-0000-0000-0000-000000000000.1/{parts[1]}/{parts[2]}"));
    }

    [Fact]
    public void OtherPidNamespaceOfTheSameBoot_CannotBeSeenFromHere()
    {
        var parts = LauncherIdentity.OfThisProcess().Split('/');

        Assert.Null(LauncherIdentity.IsAlive($"{parts[0].Split('.')[0]}.1/{parts[1]}/{parts[2]}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("//")]
    [InlineData("/1/1")]
    [InlineData("a/b")]
    [InlineData("a/b/c/d")]
    public void TextThatIsNone_CannotBeSeenFromHere(string identity) => Assert.Null(LauncherIdentity.IsAlive(identity));

    [Fact]
    public void HalfOfOne_CannotBeSeenFromHere()
    {
        var parts = LauncherIdentity.OfThisProcess().Split('/');

        Assert.All([$"{parts[0]}/x/1", $"{parts[0]}/-1/1", $"{parts[0]}//1", $"{parts[0]}/999999999999/1", $"{parts[0]}/2147483647/"], identity => Assert.Null(LauncherIdentity.IsAlive(identity)));
    }

    private static string IdentityOf(int process) => $"{LauncherIdentity.OfThisProcess().Split('/')[0]}/{process}/{Stat(process)[19]}";

    private static char State(int process) => Stat(process)[0][0];

    private static string[] Stat(int process) => File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ');
}
