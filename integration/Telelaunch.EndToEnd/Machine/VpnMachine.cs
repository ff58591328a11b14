using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>A machine whose every program is in the cluster's network, for the tests of a class that only use it.</summary>
public sealed class VpnMachine(TestCluster cluster) : IAsyncLifetime
{
    private ProcessRun? _early;

    internal DeveloperMachine Machine { get; private set; } = null!;

    internal VpnSession Session { get; private set; } = null!;

    /// <summary>A Python that was there before the session: it carries out each line that it is given.</summary>
    internal ProcessRun Early => _early!;

    public async Task InitializeAsync()
    {
        // Tests that need a machine are skipped then, but their class isn't.
        if (!Environment.IsPrivilegedProcess) return;
        try
        {
            Machine = await DeveloperMachine.CreateAsync(cluster);
            _early = Machine.Start("python3", "-c", "import sys\nprint('ready', flush=True)\nfor line in sys.stdin: exec(line)");
            await _early.WaitForLineAsync("ready");
            Session = await Machine.StartVpnAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async Task DisposeAsync()
    {
        if (Session is not null) await Session.DisposeAsync();
        if (_early is not null) await _early.DisposeAsync();
        if (Machine is not null) await Machine.DisposeAsync();
    }
}
