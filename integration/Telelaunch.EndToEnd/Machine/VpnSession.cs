using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>A <c>telelaunch run --vpn-tcp</c> on a machine. Ended in order when it is disposed of, so that no pod of it is in the next test's way.</summary>
internal sealed class VpnSession : IAsyncDisposable
{
    private const string FirstLine = "telelaunch: this machine is in the cluster's network";

    private VpnSession(ProcessRun run) => Run = run;

    /// <summary>The launcher.</summary>
    public ProcessRun Run { get; }

    /// <summary>What a person has seen until now.</summary>
    public string Screen => Run.Errors;

    public static async Task<VpnSession> StartAsync(DeveloperMachine machine, string[] options)
    {
        var session = new VpnSession(machine.Start(TestCluster.Telelaunch, ["run", "--vpn-tcp", .. options]));
        try
        {
            await session.Run.WaitForTextAsync(FirstLine);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends it by a signal, as Ctrl-C or a closed terminal would; it must say that all went well.</summary>
    public async Task EndAsync(string signal = "INT")
    {
        await Run.SignalAsync(signal);
        await Run.WaitForExitAsync();
        Assert.True(Run.ExitCode == 0, Run.ToString());
    }

    public ValueTask DisposeAsync() => Run.DisposeAsync();
}
