using System.Globalization;

using Telelaunch.Agent.Interop;
using Telelaunch.Net;

namespace Telelaunch.Agent.Ssh;

/// <summary>The files that sshd reads, written at start into a private directory: the mounted Secret's are readable by the group, which sshd refuses.</summary>
internal sealed class SshdFiles
{
    /// <summary>The one user that may log in.</summary>
    public const string UserName = "telelaunch";

    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private SshdFiles(string directory) => Directory = directory;

    /// <summary>Mode 0700.</summary>
    public string Directory { get; }

    public string Configuration => Path.Combine(Directory, "sshd_config");

    public string HostKey => Path.Combine(Directory, "ssh_host_ed25519_key");

    public string AuthorizedKeys => Path.Combine(Directory, "authorized_keys");

    /// <summary>passwd(5) with <see cref="UserName"/> as whoever this process is.</summary>
    public string Passwd => Path.Combine(Directory, "passwd");

    /// <summary>group(5) to go with it.</summary>
    public string Group => Path.Combine(Directory, "group");

    /// <exception cref="HostException">A file of the session is missing, or the directory can't be written.</exception>
    public static SshdFiles Write(AgentSettings settings, string directory)
    {
        var files = new SshdFiles(directory);
        try
        {
            Copy(settings, "ssh_host_ed25519_key", files.HostKey);
            Copy(settings, "authorized_keys", files.AuthorizedKeys);
            WritePrivate(files.Configuration, SshdConfiguration.Write(settings, files));
            string uid = LibC.getuid().ToString(CultureInfo.InvariantCulture);
            string gid = LibC.getgid().ToString(CultureInfo.InvariantCulture);
            // The login shell is this program, which hands the session to the agent and refuses every command.
            WritePrivate(files.Passwd, $"{UserName}:x:{uid}:{gid}:Telelaunch:{directory}:{Environment.ProcessPath}\n");
            WritePrivate(files.Group, $"{UserName}:x:{gid}:\n");
            return files;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostException(
                "session-files", $"The session's files can't be made ready: {error.Message}",
                "Mount the session's Secret at TELELAUNCH_SESSION_DIR, readable by the pod's fsGroup, and an emptyDir at /tmp.", error);
        }
    }

    private static void Copy(AgentSettings settings, string name, string target)
        => WritePrivate(target, File.ReadAllText(Path.Combine(settings.SessionDirectory, name)));

    private static void WritePrivate(string path, string text)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = PrivateFile,
        });
        using var writer = new StreamWriter(file);
        writer.Write(text);
    }
}
