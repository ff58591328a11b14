using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Net;

namespace Telelaunch.Cli.Variables;

/// <summary>The files of <c>--env-file</c> and <c>--env-json</c>.</summary>
internal sealed class EnvironmentFiles : IDisposable
{
    private readonly List<(string Option, EnvironmentFile File)> _files = [];

    private EnvironmentFiles()
    {
    }

    /// <summary>Opens them all, so that one that can't be written is told before anything is made in the cluster.</summary>
    /// <exception cref="HostException"><c>env-file-not-writable</c></exception>
    public static EnvironmentFiles Open(EnvironmentOptions options)
    {
        var files = new EnvironmentFiles();
        try
        {
            if (options.File is { } file) files._files.Add(("--env-file", EnvironmentFile.Open("--env-file", file, EnvironmentFormat.Dotenv)));
            if (options.Json is { } json) files._files.Add(("--env-json", EnvironmentFile.Open("--env-json", json, EnvironmentFormat.Json)));
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Writes what the command gets, and says what a file can't hold.</summary>
    /// <exception cref="HostException"><c>env-file-not-writable</c></exception>
    public void Write(ContainerEnvironment environment, Screen screen)
    {
        foreach (var (option, file) in _files)
        {
            foreach (var omitted in file.Write(environment)) screen.Say($"{option}: {omitted.Name} is left out: {omitted.Reason}");
        }
    }

    public void Dispose()
    {
        foreach (var (_, file) in _files) file.Dispose();
    }
}
