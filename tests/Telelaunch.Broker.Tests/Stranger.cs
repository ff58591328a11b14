using System.Diagnostics;

namespace Telelaunch.Broker.Tests;

/// <summary>A process of another user of this machine: nobody, 65534.</summary>
internal static class Stranger
{
    /// <summary>Runs a Python script to its end and returns what it wrote. It may read no file of ours, so it is passed as text, to a Python that everybody may run.</summary>
    internal static async Task<string> RunAsync(string script, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(
            "setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "/usr/bin/python3", "-c", script, .. arguments])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        })!;
        string output = await process.StandardOutput.ReadToEndAsync().WaitAsync(ShimProgram.Patience);
        await process.WaitForExitAsync().WaitAsync(ShimProgram.Patience);
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
