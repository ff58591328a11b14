using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Tunnel.Tests.Pod;

/// <summary>A real sshd of this machine on a loopback port, with files of its own, set up as the agent's image does.</summary>
internal sealed class PodSshd : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("telelaunch-sshd-").FullName;
    private readonly Process _process;

    /// <param name="settings">Lines that come first; sshd takes the first value of a keyword.</param>
    private PodSshd(IReadOnlyDictionary<string, byte[]> files, int agentPort, string settings)
    {
        Port = FreePort();
        foreach ((string name, byte[] content) in files)
            WriteFile(name, content, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(Path.Combine(_directory, "sshd_config"), $"""
            {settings}
            ListenAddress 127.0.0.1:{Port}
            HostKey {_directory}/{SessionKeys.HostKeyFileName}
            AuthorizedKeysFile {_directory}/{SessionKeys.AuthorizedKeysFileName}
            StrictModes no
            UsePAM no
            PidFile none
            PermitRootLogin yes
            AuthenticationMethods publickey
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            AllowTcpForwarding local
            PermitOpen 127.0.0.1:{agentPort}
            LogLevel ERROR

            """);
        // Debian's sshd wants its privilege separation directory when root starts it.
        if (Environment.IsPrivilegedProcess)
            Directory.CreateDirectory("/run/sshd");
        _process = Process.Start(new ProcessStartInfo("/usr/sbin/sshd", ["-D", "-e", "-f", Path.Combine(_directory, "sshd_config")]) { RedirectStandardError = true })!;
    }

    public int Port { get; }

    public static async Task<PodSshd> StartAsync(
        IReadOnlyDictionary<string, byte[]> files, int agentPort, CancellationToken cancellationToken, string settings = "")
    {
        var sshd = new PodSshd(files, agentPort, settings);
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, sshd.Port, cancellationToken);
                return sshd;
            }
            catch (SocketException) when (!sshd._process.HasExited)
            {
                await Task.Delay(20, cancellationToken);
            }
            catch (SocketException)
            {
                throw new InvalidOperationException("sshd: " + await sshd._process.StandardError.ReadToEndAsync(cancellationToken));
            }
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    private void WriteFile(string name, byte[] content, UnixFileMode mode)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, mode);
    }
}
