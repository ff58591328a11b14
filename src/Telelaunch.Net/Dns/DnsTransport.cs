namespace Telelaunch.Net.Dns;

/// <summary>How a question came, or goes.</summary>
public enum DnsTransport
{
    Udp,
    Tcp,
}
