using System.Globalization;

namespace Telelaunch.Agent.Ssh;

/// <summary>sshd_config(5) with what Telelaunch uses, and nothing else.</summary>
internal static class SshdConfiguration
{
    /// <summary>The text of the file. The carrier is a session whose login shell hands it to the agent; there is no command to run, and nothing to forward.</summary>
    public static string Write(AgentSettings settings, SshdFiles files) => string.Create(CultureInfo.InvariantCulture, $"""
        ListenAddress 127.0.0.1:{settings.SshPort}
        AddressFamily inet
        HostKey {files.HostKey}
        HostKeyAlgorithms ssh-ed25519
        PidFile none
        LogLevel INFO
        UsePAM no
        # The files are in a directory of this process's own; their owner may be any uid.
        StrictModes no

        AllowUsers {SshdFiles.UserName}
        AuthenticationMethods publickey
        PubkeyAuthentication yes
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        HostbasedAuthentication no
        AuthorizedKeysFile {files.AuthorizedKeys}
        MaxAuthTries 3
        LoginGraceTime 20

        AllowTcpForwarding no
        AllowStreamLocalForwarding no
        AllowAgentForwarding no
        X11Forwarding no
        PermitTunnel no
        PermitTTY no
        PermitUserRC no
        PermitUserEnvironment no
        Subsystem sftp internal-sftp

        MaxSessions 8
        MaxStartups 10
        ClientAliveInterval 15
        ClientAliveCountMax 3
        TCPKeepAlive no
        UseDNS no
        Compression no
        PrintMotd no
        VersionAddendum none
        # AES-GCM in hardware is several times as fast as the default, chacha20.
        Ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes256-ctr

        """);
}
