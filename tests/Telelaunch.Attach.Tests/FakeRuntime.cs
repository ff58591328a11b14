using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Telelaunch.Attach.Tests;

/// <summary>Listens where a runtime would, and gives one answer to whoever asks.</summary>
internal sealed class FakeRuntime : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Task _serving;

    public FakeRuntime(string path, byte[] answer)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _serving = ServeAsync(answer);
    }

    /// <summary>What it was asked last.</summary>
    public byte[] Asked { get; private set; } = [];

    /// <summary>ProcessInfo2's answer, as a runtime of .NET 6 and newer gives it.</summary>
    public static byte[] Answer(string entry, string version, byte command = 0)
    {
        var payload = new List<byte>(new byte[24]);
        foreach (var text in (string[])["/opt/app --flag", "Linux", "x64", entry, version])
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, text.Length + 1);
            payload.AddRange(length);
            payload.AddRange(Encoding.Unicode.GetBytes($"{text}\0"));
        }
        var header = new byte[20];
        "DOTNET_IPC_V1\0"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(14), (ushort)(20 + payload.Count));
        header[16] = 0xFF;
        header[17] = command;
        return [.. header, .. payload];
    }

    public void Dispose()
    {
        _listener.Dispose();
        _serving.GetAwaiter().GetResult();
    }

    private async Task ServeAsync(byte[] answer)
    {
        try
        {
            while (true)
            {
                using var peer = await _listener.AcceptAsync();
                var buffer = new byte[64];
                Asked = buffer[..await peer.ReceiveAsync(buffer)];
                await peer.SendAsync(answer);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
