namespace Telelaunch.Attach;

/// <summary>What a shim is asked to do in a process that runs.</summary>
public enum AttachVerb
{
    /// <summary>Be in the session: new connections and lookups go through it.</summary>
    Attach,

    /// <summary>Leave it: everything is as it was before.</summary>
    Detach,
}

/// <summary>An order that a shim finds beside its own file, under the GUID that it is loaded with (native-shim/README.md).</summary>
/// <remarks>For this user's eyes alone (0600), because whoever can write one decides which session a process is in. Disposing it removes it.</remarks>
internal sealed class AttachOrder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;

    private AttachOrder(Guid id, string path)
    {
        Id = id;
        _path = path;
    }

    public Guid Id { get; }

    /// <exception cref="IOException">The folder can't be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">Neither may it.</exception>
    public static AttachOrder Write(string shim, AttachVerb verb, string sessionDirectory)
    {
        var id = Guid.NewGuid();
        var path = Path.Combine(Path.GetDirectoryName(shim)!, Convert.ToHexStringLower(id.ToByteArray()));
        using (var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
            file.Write(System.Text.Encoding.UTF8.GetBytes($"{(verb == AttachVerb.Attach ? "attach" : "detach")}\n{sessionDirectory}\n"));
        return new(id, path);
    }

    public void Dispose()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It says what was done already, under a GUID that nobody uses again.
        }
    }
}
