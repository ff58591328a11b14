using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Cli.Variables;

/// <summary>A file of this machine that gets the environment: opened before anything is made in the cluster, written once that is known.</summary>
/// <remarks>It holds secrets, so only its owner may read it: a file that is there already is made so before it is written.</remarks>
internal sealed class EnvironmentFile : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _option;
    private readonly EnvironmentFormat _format;
    private readonly FileStream _file;
    private readonly bool _isNew;
    private bool _isWritten;

    private EnvironmentFile(string option, EnvironmentFormat format, FileStream file, bool isNew)
    {
        _option = option;
        _format = format;
        _file = file;
        _isNew = isNew;
    }

    /// <exception cref="HostException"><c>env-file-not-writable</c></exception>
    public static EnvironmentFile Open(string option, string path, EnvironmentFormat format)
    {
        FileStream? file = null;
        try
        {
            var isNew = !File.Exists(path);
            file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite | FileShare.Delete,
                UnixCreateMode = OwnerOnly,
                // What couldn't be written must not be tried again when it is closed.
                BufferSize = 0,
            });
            // A device's or a pipe's mode isn't ours to change (/dev/stdout, /dev/null).
            if (FileKind.IsRegular(file.SafeFileHandle)) File.SetUnixFileMode(file.SafeFileHandle, OwnerOnly);
            return new(option, format, file, isNew);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            file?.Dispose();
            throw NotWritable(option, path, error);
        }
    }

    /// <summary>Replaces what the file held.</summary>
    /// <returns>What the format can't hold.</returns>
    /// <exception cref="HostException"><c>env-file-not-writable</c>: the disk is full, for one.</exception>
    public IReadOnlyList<OmittedVariable> Write(ContainerEnvironment environment)
    {
        var text = _format.Write(environment);
        try
        {
            if (FileKind.IsRegular(_file.SafeFileHandle)) _file.SetLength(0);
            _file.Write(text.Bytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NotWritable(_option, _file.Name, error);
        }
        _isWritten = true;
        return text.Omitted;
    }

    /// <summary>An empty file that was made for nothing goes again.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (_isNew && !_isWritten) File.Delete(_file.Name);
    }

    private static HostException NotWritable(string option, string path, Exception error) =>
        new("env-file-not-writable", $"{option}: '{path}' can't be written: {error.Message}", "Name a file in a folder of your own.", error);
}
