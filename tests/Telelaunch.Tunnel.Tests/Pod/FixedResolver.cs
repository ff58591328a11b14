using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Tunnel.Tests.Pod;

/// <summary>Knows one name, as a pod's resolver would.</summary>
internal sealed class FixedResolver : IPodResolver
{
    public const string HostName = "hello";
    public static readonly IPAddress Address = IPAddress.Parse("10.96.0.77");

    public ValueTask<AddressLookup> LookUpAddressesAsync(string hostName, AddressFamilies families, CancellationToken cancellationToken) =>
        ValueTask.FromResult(hostName == HostName
            ? new AddressLookup(LookupStatus.Found, [Address], "hello.default.svc.cluster.local", TimeSpan.FromSeconds(30))
            : AddressLookup.Failed(LookupStatus.NoName));

    public ValueTask<NameLookupResult> LookUpNamesAsync(IPAddress address, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new NameLookupResult(LookupStatus.Found, [HostName], TimeSpan.FromSeconds(30)));

    public ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken) =>
        ValueTask.FromResult<ReadOnlyMemory<byte>>(query.ToArray());
}
