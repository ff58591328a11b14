using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>One run of an exec credential plugin.</summary>
internal static class ExecPluginProcess
{
    private const int ShownErrorCharacters = 500;

    /// <summary>Its standard output, which holds secrets.</summary>
    /// <remarks>
    /// With a terminal and a plugin that wants it, standard input and error are the terminal's, so that it can ask for a
    /// password; else its standard error goes into the exception. Cancellation kills it with its children.
    /// </remarks>
    public static async Task<string> RunAsync(ExecPlugin plugin, CancellationToken cancellationToken)
    {
        var interactive = plugin.Interaction != ExecInteraction.Never && !Console.IsInputRedirected && !Console.IsErrorRedirected;
        if (plugin.Interaction == ExecInteraction.Always && !interactive)
            throw Failed(plugin, "it needs a terminal (interactiveMode: Always) and there is none", "Run the command in a terminal, or give --token.");

        using var process = Start(plugin, interactive);
        try
        {
            if (!interactive)
                process.StandardInput.Close();
            var errors = interactive ? Task.FromResult("") : process.StandardError.ReadToEndAsync(cancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errorText = await errors;
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode == 0)
                return output;
            var said = errorText.Trim() is { Length: > 0 } text ? ": " + Tail(text) : "";
            throw Failed(plugin, $"it ended with exit code {process.ExitCode}{said}", "Log in again with the tool that the plugin belongs to; `kubectl get --raw /version` shows whether kubectl can.");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    private static Process Start(ExecPlugin plugin, bool interactive)
    {
        var start = new ProcessStartInfo(Locate(plugin))
        {
            RedirectStandardInput = !interactive,
            RedirectStandardOutput = true,
            RedirectStandardError = !interactive,
        };
        foreach (var argument in plugin.Arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in plugin.Variables)
            start.Environment[name] = value;
        start.Environment["KUBERNETES_EXEC_INFO"] = ExecInfo(plugin, interactive);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw Failed(plugin, $"it can't be started ({error.Message})", plugin.InstallHint ?? "Install it again, and see that it is executable.", error);
        }
    }

    /// <summary>PATH only: Process.Start would look into the directory of this program and the current one first.</summary>
    private static string Locate(ExecPlugin plugin)
    {
        if (plugin.Command.Contains('/', StringComparison.Ordinal))
            return File.Exists(plugin.Command) ? plugin.Command : throw Missing(plugin, "doesn't exist");
        var path = plugin.Variables.LastOrDefault(variable => variable.Key == "PATH").Value ?? Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(Path.PathSeparator)
            .Where(Path.IsPathRooted)
            .Select(directory => Path.Combine(directory, plugin.Command))
            .FirstOrDefault(File.Exists) ?? throw Missing(plugin, "isn't in PATH");
    }

    private static string ExecInfo(ExecPlugin plugin, bool interactive)
    {
        // Every part is JSON already or a constant of ours.
        var text = new StringBuilder($$"""{"kind":"ExecCredential","apiVersion":"{{plugin.ApiVersion}}","spec":{"interactive":{{(interactive ? "true" : "false")}}""");
        if (plugin.ClusterInfo is not null)
            text.Append(",\"cluster\":").Append(plugin.ClusterInfo);
        return text.Append("}}").ToString();
    }

    private static string Tail(string text) => text.Length <= ShownErrorCharacters ? text : "…" + text[^ShownErrorCharacters..];

    private static ClusterException Missing(ExecPlugin plugin, string how) => new(
        "exec-plugin-missing",
        $"The exec credential plugin {plugin.Command} of the kubeconfig {how}.",
        plugin.InstallHint ?? "Install it, or give --token.");

    private static ClusterException Failed(ExecPlugin plugin, string how, string remedy, Exception? inner = null) => new(
        "exec-plugin-failed",
        $"The exec credential plugin {plugin.Command} failed: {how}.",
        remedy,
        inner);
}
