using System.Net;

using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Agent.Names;

/// <summary>Looks names up as the pod's libc would: /etc/hosts, then the name servers with the search list (resolv.conf(5), nsswitch "files dns").</summary>
/// <remarks>The files are read at each lookup: the kubelet may rewrite them. Addresses come in the server's order, IPv4 first.</remarks>
internal sealed class PodResolver : IPodResolver
{
    // /etc/hosts has no TTL, and changes with the pod alone.
    private static readonly TimeSpan s_hostsTimeToLive = TimeSpan.FromSeconds(30);

    private readonly string _resolvConf;
    private readonly string _hosts;
    private readonly int _port;

    /// <param name="resolvConf">Path of resolv.conf.</param>
    /// <param name="hosts">Path of hosts.</param>
    /// <param name="port">The name servers' port.</param>
    public PodResolver(string resolvConf = "/etc/resolv.conf", string hosts = "/etc/hosts", int port = 53)
    {
        _resolvConf = resolvConf;
        _hosts = hosts;
        _port = port;
    }

    public ResolvConf Configuration => ResolvConf.Read(_resolvConf);

    /// <inheritdoc/>
    public async ValueTask<AddressLookup> LookUpAddressesAsync(string hostName, AddressFamilies families, CancellationToken cancellationToken)
    {
        (IReadOnlyList<IPAddress> addresses, string? canonicalName) = HostsFile.Parse(ReadFile(_hosts)).Find(hostName.TrimEnd('.'), families);
        if (addresses.Count > 0)
            return new(LookupStatus.Found, addresses, canonicalName, s_hostsTimeToLive);

        return await new DnsResolver(Configuration, _port).LookUpAddressesAsync(hostName, families, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<NameLookupResult> LookUpNamesAsync(IPAddress address, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> names = HostsFile.Parse(ReadFile(_hosts)).Find(address);
        if (names.Count > 0)
            return new(LookupStatus.Found, names, s_hostsTimeToLive);

        return await new DnsResolver(Configuration, _port).LookUpNamesAsync(address, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
        => await new DnsResolver(Configuration, _port).QueryAsync(query, cancellationToken);

    private static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A missing file is an empty one to libc.
            return "";
        }
    }
}
