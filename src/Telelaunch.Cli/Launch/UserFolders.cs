using Telelaunch.Net;

namespace Telelaunch.Cli.Launch;

/// <summary>Where a user's files lie (XDG Base Directory Specification).</summary>
internal static class UserFolders
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>XDG_CACHE_HOME, else ~/.cache.</summary>
    public static string Cache => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is ['/', ..] cache
        ? cache
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");

    /// <summary>XDG_RUNTIME_DIR; null where there is none.</summary>
    public static string? Runtime => Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is ['/', ..] runtime && Directory.Exists(runtime) ? runtime : null;

    /// <summary>A folder of this user alone below the temporary one, for homes that can't be written or have blanks in their path.</summary>
    /// <exception cref="HostException">Somebody else has put something there.</exception>
    public static string Temporary()
    {
        var folder = $"/tmp/telelaunch-{Environment.UserName}";
        try
        {
            Directory.CreateDirectory(folder, OwnerOnly);
            // Fails for everyone but the owner, and makes an older one private.
            File.SetUnixFileMode(folder, OwnerOnly);
            if (new DirectoryInfo(folder).LinkTarget is null) return folder;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Foreign(error);
        }
        throw Foreign(null);

        HostException Foreign(Exception? error) => new("temporary-folder-foreign", $"'{folder}' belongs to somebody else.", $"Remove '{folder}', or set XDG_RUNTIME_DIR and XDG_CACHE_HOME to folders of your own.", error);
    }
}
