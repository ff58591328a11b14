using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Telelaunch.Tunnel.Tests.Pod;

/// <summary>A real sshd of this machine on a loopback port, with files of its own, set up as the agent's image does.</summary>
internal sealed class PodSshd : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("telelaunch-sshd-").FullName;
    private readonly Process _process;
    private Task _draining = Task.CompletedTask;

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
            AllowTcpForwarding no
            # In the place of the login shell that hands the session to the agent.
            ForceCommand exec nc 127.0.0.1 {agentPort}
            LogLevel INFO

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
        var said = new StringBuilder();
        while (await sshd._process.StandardError.ReadLineAsync(cancellationToken) is string line)
        {
            if (line.StartsWith("Server listening", StringComparison.Ordinal))
            {
                // Whatever it still says mustn't fill the pipe.
                sshd._draining = sshd._process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
                return sshd;
            }

            said.AppendLine(line);
        }

        throw new InvalidOperationException($"sshd: {said}");
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _draining.Wait();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A port below those that the kernel gives to connections, so that none takes it before sshd does.</summary>
    private static int FreePort()
    {
        while (true)
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            int port = Random.Shared.Next(10_000, 32_768);
            try
            {
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken; there are others.
            }
        }
    }

    private void WriteFile(string name, byte[] content, UnixFileMode mode)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, mode);
    }
}
