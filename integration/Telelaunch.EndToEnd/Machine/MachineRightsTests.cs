using System.Globalization;
using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>Who may route the whole machine, and what happens where somebody does already.</summary>
[Collection(TestCluster.Name)]
public sealed class MachineRightsTests(TestCluster cluster)
{
    private const int User = 4242;

    /// <summary>What nobody else on this machine may be is said by its file's real path.</summary>
    private static readonly string s_program = File.ResolveLinkTarget(TestCluster.Telelaunch, returnFinalTarget: true)?.FullName ?? TestCluster.Telelaunch;

    [FactOnMachine]
    public async Task TwoThatStartAtOnce_OneStands_TheOtherIsRefused_AndNothingIsBroken()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        var before = await machine.SnapshotAsync();
        await using var one = machine.Start(TestCluster.Telelaunch, "run", "--vpn-tcp");
        await using var two = machine.Start(TestCluster.Telelaunch, "run", "--vpn-tcp");
        await Eventually.SeeAsync(() => Task.FromResult(one.HasExited || two.HasExited), has => has, "one of the two is refused");
        var (refused, stands) = one.HasExited ? (one, two) : (two, one);
        await refused.WaitForExitAsync();
        Assert.True(refused.ExitCode == 125 && refused.Errors.Contains("in a session already", StringComparison.Ordinal), refused.ToString());
        await stands.WaitForTextAsync("this machine is in the cluster's network");
        await ReachesAsync(machine);
        await stands.SignalAsync("INT");
        await stands.WaitForExitAsync();
        Assert.True(stands.ExitCode == 0, stands.ToString());
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    [FactOnMachine]
    public async Task RestoreHost_WithNothingToDo_BesideALivingSession_AndByWhoMayNot_ChangesNothing()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        await AddUserAsync(machine);
        var before = await machine.SnapshotAsync();
        await using (var nothing = await machine.RunAsync(TestCluster.Telelaunch, "restore", "--host"))
            Assert.True(nothing is { ExitCode: 0, Output: "no dead session has left anything on this machine\n" }, nothing.ToString());
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());

        await using (var session = await machine.StartVpnAsync())
        {
            var during = await machine.SnapshotAsync();
            await using (var living = await machine.RunAsync(TestCluster.Telelaunch, "restore", "--host"))
                Assert.True(living.ExitCode == 0 && living.Output.StartsWith("a session lives and keeps its changes", StringComparison.Ordinal), living.ToString());
            await using (var stranger = await machine.RunAsync("setpriv", AsUser([TestCluster.Telelaunch, "restore", "--host"])))
                Assert.True(stranger.ExitCode == 1 && stranger.Errors.Contains("sudo telelaunch restore --host", StringComparison.Ordinal), stranger.ToString());
            MachineSnapshot.AssertSame(during, await machine.SnapshotAsync());
            await ReachesAsync(machine);
            await session.EndAsync();
        }

        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    [FactOnMachine]
    public async Task UserWithoutAWayToRights_IsToldWhatIsMissing()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        await AddUserAsync(machine);
        var before = await machine.SnapshotAsync();
        await using var run = await machine.RunAsync("setpriv", AsUser(["env", "PATH=/nowhere", TestCluster.Telelaunch, "run", "--vpn-tcp"]));
        Assert.True(run.ExitCode == 125, run.ToString());
        foreach (var word in new[] { "CAP_NET_ADMIN", "neither sudo nor pkexec", "--method shim" }) Assert.Contains(word, run.Errors, StringComparison.Ordinal);
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    [FactOnMachine("sudo")]
    public async Task UserWhoMustNotSudo_IsToldWhatIsMissing()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        await AddUserAsync(machine);
        var before = await machine.SnapshotAsync();
        await using var run = await machine.RunAsync("setpriv", AsUser([TestCluster.Telelaunch, "run", "--vpn-tcp"]));
        Assert.True(run.ExitCode == 125, run.ToString());
        foreach (var word in new[] { "CAP_NET_ADMIN", "sudo didn't start the helper", "sudo -v" }) Assert.Contains(word, run.Errors, StringComparison.Ordinal);
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync(), "run");
    }

    [FactOnMachine("sudo")]
    public async Task BySudo_TheHelperAloneIsRoot()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        await AddUserAsync(machine);
        // Of all that the user might run as root, this alone.
        await machine.OutputAsync("sh", "-c", $"echo 'dev ALL=(root) NOPASSWD: {s_program} routing' >/etc/sudoers.d/telelaunch; chmod 440 /etc/sudoers.d/telelaunch");
        // sudo's own files are made by its first run.
        await (await machine.RunAsync("setpriv", AsUser(["sudo", "-n", "--", s_program, "routing"]))).DisposeAsync();
        var before = await machine.SnapshotAsync();

        await using var run = machine.Start("setpriv", AsUser([TestCluster.Telelaunch, "run", "--vpn-tcp"]));
        await run.WaitForTextAsync("this machine is in the cluster's network");
        Assert.Contains("everything else runs as you: ", run.Errors, StringComparison.Ordinal);
        await ReachesAsync(machine);
        Assert.Equal(User, UserOf(run.Id));
        var processes = (await machine.OutputAsync("ps", "-eo", "uid=,args=")).Split('\n', StringSplitOptions.TrimEntries);
        Assert.Contains($"0 {s_program} routing", processes.Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
        await run.SignalAsync("INT");
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 0, run.ToString());
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());

        // The same when the part that isn't root is killed.
        await using var killed = machine.Start("setpriv", AsUser([TestCluster.Telelaunch, "run", "--vpn-tcp"]));
        await killed.WaitForTextAsync("this machine is in the cluster's network");
        await MachineProcesses.KillAsync(killed.Id);
        await killed.WaitForExitAsync();
        // What an ordinary session keeps for its user is left of a killed one.
        await Eventually.SeeAsync(async () => before.DifferenceTo(await machine.SnapshotAsync(), "run"), difference => difference.Length == 0, "the machine is as it was");
    }

    /// <summary>An ordinary user with a way to the cluster.</summary>
    private static Task<string> AddUserAsync(DeveloperMachine machine) =>
        machine.OutputAsync("sh", "-c", $"""
            set -e
            echo 'dev:x:{User}:{User}::/run/dev:/bin/sh' >>/etc/passwd
            echo 'dev:x:{User}:' >>/etc/group
            echo 'dev:*:20000:0:99999:7:::' >>/etc/shadow
            mkdir -p /run/dev /run/user/{User}/telelaunch
            cp "$KUBECONFIG" /run/dev/kubeconfig
            chown -R {User}:{User} /run/dev /run/user/{User}
            chmod 700 /run/user/{User} /run/user/{User}/telelaunch
            """);

    private static string[] AsUser(string[] command) =>
        [$"--reuid={User}", $"--regid={User}", "--clear-groups", "env", "HOME=/run/dev", "USER=dev", "KUBECONFIG=/run/dev/kubeconfig", $"XDG_RUNTIME_DIR=/run/user/{User}", .. command];

    private static int UserOf(int process) =>
        int.Parse(File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1], CultureInfo.InvariantCulture);

    private static async Task ReachesAsync(DeveloperMachine machine) =>
        Assert.Contains("hello from the cluster", await machine.OutputAsync("curl", "-sS", "http://hello/"), StringComparison.Ordinal);
}
