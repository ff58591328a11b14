using System.Net.Sockets;

using Microsoft.Win32.SafeHandles;
using Telelaunch.Agent.Interop;
using Telelaunch.Linux;

namespace Telelaunch.Agent.Ssh;

/// <summary>Where login shells hand over their channels: a socket in sshd's private directory.</summary>
internal sealed class LoginListener : IDisposable
{
    // A login shell sends at once; another process of this user that doesn't holds the next one up for so long, and no longer.
    private static readonly TimeSpan s_handOverTime = TimeSpan.FromSeconds(5);

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);

    /// <param name="directory">Mode 0700.</param>
    public LoginListener(string directory)
    {
        _socket.Bind(new UnixDomainSocketEndPoint(PathIn(directory)));
        _socket.Listen();
    }

    public static string PathIn(string directory) => Path.Combine(directory, "channels");

    /// <summary>The next channel. Its disposal lets the login shell end.</summary>
    public async Task<Stream> AcceptAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Socket shell = await _socket.AcceptAsync(cancellationToken);
            LoginStream? channel = null;
            try
            {
                if (PeerCredentials.Of(shell).UserId == LibC.getuid())
                    channel = await Task.Run(() => Take(shell), CancellationToken.None);
            }
            finally
            {
                if (channel is null)
                    shell.Dispose();
            }

            if (channel is not null)
                return channel;
        }
    }

    public void Dispose() => _socket.Dispose();

    private static LoginStream? Take(Socket shell)
    {
        SafeFileHandle? input = TakeFile(shell);
        SafeFileHandle? output = input is null ? null : TakeFile(shell);
        if (output is not null)
            return new LoginStream(shell, input!, output);
        input?.Dispose();
        return null;
    }

    private static SafeFileHandle? TakeFile(Socket shell)
    {
        if (!shell.Poll(s_handOverTime, SelectMode.SelectRead))
            return null;
        using PassedSocket? passed = PacketReceiver.TryReceive(shell.SafeHandle, new byte[1]).Socket;
        return passed?.ToFile();
    }
}
