using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Volumes;

/// <summary>Puts what the pod has onto this machine. Whoever reads sees the old one or the new one, whole.</summary>
internal static class HostFile
{
    private const UnixFileMode OwnerReads = UnixFileMode.UserRead;
    private const UnixFileMode OwnerAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>What is being made has this name until it is whole; Kubernetes' own names of the kind begin with two dots, too.</summary>
    private const string Unfinished = "..telelaunch-unfinished";

    /// <summary>The permissions of a copy: the pod's, and its owner here can read it, whoever its owner there is.</summary>
    public static UnixFileMode ModeOf(PodFileStatus status) => status.Mode | (status.Kind == PodFileKind.Folder ? OwnerAll : OwnerReads);

    public static void MakeFolder(string path, PodFileStatus status)
    {
        if (new FileInfo(path).LinkTarget is not null || File.Exists(path))
            File.Delete(path);
        Directory.CreateDirectory(path, OwnerAll);
        File.SetUnixFileMode(path, ModeOf(status));
    }

    public static void PutLink(string path, string target)
    {
        string unfinished = UnfinishedBeside(path);
        File.CreateSymbolicLink(unfinished, target);
        Replace(unfinished, path);
    }

    /// <summary>Puts a file whose content <paramref name="write"/> gives.</summary>
    public static async Task PutFileAsync(string path, PodFileStatus status, Func<Stream, Task> write)
    {
        string unfinished = UnfinishedBeside(path);
        try
        {
            await using (var stream = new FileStream(unfinished, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
                await write(stream);
            File.SetLastWriteTimeUtc(unfinished, status.Modified.UtcDateTime);
            File.SetUnixFileMode(unfinished, ModeOf(status));
            Replace(unfinished, path);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    /// <summary>Nothing where nothing is.</summary>
    public static void Remove(string path)
    {
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            return;
        // A link to a folder is a link.
        if (new FileInfo(path).LinkTarget is null && Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }

    private static string UnfinishedBeside(string path)
    {
        string unfinished = Path.Combine(Path.GetDirectoryName(path)!, Unfinished);
        File.Delete(unfinished);
        return unfinished;
    }

    private static void Replace(string unfinished, string path)
    {
        if (new FileInfo(path).LinkTarget is null && Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        HostPath.Rename(unfinished, path);
    }
}
