using System.Text;
using Telelaunch.Net;

namespace Telelaunch.Cli.Logging;

/// <summary>The file of <c>--log-file</c>: appended to, a line at a time, readable by its owner alone.</summary>
internal sealed class LogFile : IDisposable
{
    private readonly FileStream _file;
    private readonly Lock _writing = new();
    private bool _closed;

    private LogFile(FileStream file) => _file = file;

    /// <exception cref="HostException">It can't be written.</exception>
    public static LogFile Open(string path)
    {
        try
        {
            return new(new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.Append,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostException("log-file-not-writable", $"The log file can't be written: {error.Message}", "Name a file in a folder that you may write to: --log-file F.", error);
        }
    }

    public void Write(string text)
    {
        lock (_writing)
        {
            if (!_closed) _file.Write(Encoding.UTF8.GetBytes(text));
        }
    }

    public void Dispose()
    {
        lock (_writing)
        {
            _closed = true;
            _file.Dispose();
        }
    }
}
