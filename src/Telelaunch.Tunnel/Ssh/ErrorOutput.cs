using System.Text;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>Keeps the beginning of what the command in the pod wrote to stderr: why it ended.</summary>
internal sealed class ErrorOutput : MemoryStream
{
    private const int Limit = 1024;
    private readonly Lock _lock = new();

    public string Text
    {
        get
        {
            lock (_lock)
                return Encoding.UTF8.GetString(GetBuffer(), 0, (int)Length);
        }
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        lock (_lock)
            base.Write(buffer, offset, Math.Min(count, Limit - (int)Length));
    }
}
