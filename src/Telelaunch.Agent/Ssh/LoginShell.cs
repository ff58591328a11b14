using System.ComponentModel;
using System.Net.Sockets;

using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Agent.Ssh;

/// <summary>This program as sshd's login shell: hands the session's channel, its standard input and output, to the agent, and stays until it is over.</summary>
/// <remarks>sshd gives a session without a terminal a pipe for each. It closes the channel when its login shell ends.</remarks>
internal static class LoginShell
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;

    /// <summary>Whether sshd has started this process.</summary>
    public static bool IsThis => Environment.GetEnvironmentVariable("SSH_CONNECTION") is not null;

    /// <returns>0 when the agent has let go of the channel.</returns>
    /// <exception cref="HostException">There is no agent.</exception>
    public static int Run()
    {
        using var agent = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        try
        {
            agent.Connect(new UnixDomainSocketEndPoint(LoginListener.PathIn(Environment.GetEnvironmentVariable("HOME") ?? "")));
            DescriptorSender.Send(agent.SafeHandle, StandardInput);
            DescriptorSender.Send(agent.SafeHandle, StandardOutput);
            agent.Receive(new byte[1]);
            return 0;
        }
        catch (Exception error) when (error is SocketException or Win32Exception or ArgumentException)
        {
            throw new HostException("no-agent", $"The channel can't be handed to the agent: {error.Message}", "Use the agent's image unchanged.", error);
        }
    }
}
