using System.Security.Cryptography;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Messages.Transport;
using Telelaunch.Net;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>One attempt to log in at the pod's sshd: pinned host key, the session's client key, AES-GCM and nothing weaker.</summary>
internal sealed class SshLogin : IDisposable
{
    /// <summary>The only ciphers offered (RFC 5647): authenticated, and several times as fast as the others.</summary>
    private static readonly string[] AllowedCiphers = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"];

    /// <summary>A step of the login, and a wait for the pod's window, may take so long; the mux finds a dead carrier sooner.</summary>
    private static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(20);

    private readonly LoopbackBridge _bridge;
    private readonly PrivateKeyFile _key;
    private readonly PrivateKeyAuthenticationMethod _method;
    private readonly byte[] _pinned;
    private readonly ConnectionInfo _info;
    private byte[]? _offered;

    public SshLogin(LoopbackBridge bridge, SessionKeys keys, string userName)
    {
        _bridge = bridge;
        _pinned = keys.HostKeyBlob.ToArray();
        _key = keys.ToClientKey();
        _method = new PrivateKeyAuthenticationMethod(userName, _key);
        _info = new ConnectionInfo(
            "sshd", 22, userName, ProxyTypes.Http, bridge.EndPoint.Address.ToString(), bridge.EndPoint.Port,
            LoopbackBridge.UserName, bridge.Password, _method)
        {
            Timeout = StepTimeout,
        };
        KeepOnly(_info.Encryptions, AllowedCiphers);
        KeepOnly(_info.HostKeyAlgorithms, [Ed25519KeyPair.Algorithm]);
    }

    /// <summary>Blocks until the session is there.</summary>
    /// <param name="create">Makes the kind of client that is wanted.</param>
    /// <returns>A connected client, owned by the caller.</returns>
    public T Connect<T>(Func<ConnectionInfo, T> create)
        where T : BaseClient
    {
        T client = create(_info);
        try
        {
            client.HostKeyReceived += (_, e) =>
            {
                _offered = e.HostKey;
                e.CanTrust = CryptographicOperations.FixedTimeEquals(e.HostKey, _pinned);
            };
            client.Connect();
            if (!AllowedCiphers.Contains(_info.CurrentClientEncryption) || !AllowedCiphers.Contains(_info.CurrentServerEncryption))
                throw TunnelFault.SshCipher($"{_info.CurrentClientEncryption} and {_info.CurrentServerEncryption} were chosen");
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>What a failed attempt means, the surest cause first: what sshd showed or said, then what became of the carrier below.</summary>
    public TunnelException Explain(Exception error) => error switch
    {
        TunnelException known => known,
        _ when _offered is not null && !_offered.AsSpan().SequenceEqual(_pinned) => TunnelFault.SshHostKey(_offered),
        SshAuthenticationException => TunnelFault.SshKeyRefused(_info.Username, error),
        SshConnectionException { DisconnectReason: DisconnectReason.KeyExchangeFailed } => TunnelFault.SshCipher(error.Message),
        _ when _bridge.ForeignGreeting is string text => TunnelFault.SshForeign(text),
        _ when _bridge.Failure is TunnelException below => below,
        SshOperationTimeoutException => TunnelFault.SshTimedOut(error),
        _ => TunnelFault.SshLost(error),
    };

    public void Dispose()
    {
        _method.Dispose();
        _key.Dispose();
    }

    private static void KeepOnly<T>(IDictionary<string, T> algorithms, string[] names)
    {
        foreach (string name in algorithms.Keys.Except(names).ToArray())
            algorithms.Remove(name);
    }
}
