using Telelaunch.Net;

namespace Telelaunch.Volumes;

/// <summary>The folder that <c>--mount PATH</c> names, as a link to the session's: should this process be killed, no copy of a Secret stays there.</summary>
internal sealed class RootLink : IDisposable
{
    private readonly bool _wasFolder;

    /// <param name="path">Nothing, an empty folder, or a link that leads nowhere: what a session that was killed left.</param>
    /// <exception cref="UsageException">Something else, or no link can be made there.</exception>
    public RootLink(string path, string root)
    {
        FullPath = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        try
        {
            var present = new DirectoryInfo(FullPath);
            if (present.LinkTarget is not null && !present.Exists)
            {
                File.Delete(FullPath);
            }
            else if (present.LinkTarget is null && present.Exists && !present.EnumerateFileSystemInfos().Any())
            {
                Directory.Delete(FullPath);
                _wasFolder = true;
            }

            if (Path.Exists(FullPath))
                throw new UsageException("mount-folder-not-empty", $"'{path}' is in use, so the pod's volumes can't be shown there.", "Name an empty folder with --mount, or one that doesn't exist yet.");
            Directory.CreateDirectory(Path.GetDirectoryName(FullPath) ?? "/");
            File.CreateSymbolicLink(FullPath, root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException("mount-folder-unusable", $"The pod's volumes can't be shown at '{path}': {error.Message}", "Name another folder with --mount.", error);
        }
    }

    public string FullPath { get; }

    public void Dispose()
    {
        File.Delete(FullPath);
        if (_wasFolder)
            Directory.CreateDirectory(FullPath);
    }
}
