using System.Collections.Concurrent;
using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>A pod whose names the test lays down; counts what it is asked.</summary>
internal sealed class ScriptedResolver : IPodResolver
{
    private readonly Dictionary<string, AddressLookup> _names = new(StringComparer.OrdinalIgnoreCase);

    internal ConcurrentQueue<string> Asked { get; } = new();

    internal Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> Query { get; set; } =
        static (_, _) => ValueTask.FromResult(ReadOnlyMemory<byte>.Empty);

    internal Func<IPAddress, NameLookupResult> Reverse { get; set; } = static _ => new NameLookupResult(LookupStatus.NoName, [], TimeSpan.Zero);

    /// <summary>When set, lookups wait for it.</summary>
    internal Task Gate { get; set; } = Task.CompletedTask;

    internal void Add(string name, string? canonicalName, params string[] addresses) => _names[name] =
        new AddressLookup(LookupStatus.Found, [.. addresses.Select(IPAddress.Parse)], canonicalName, TimeSpan.FromSeconds(5));

    internal void Add(string name, LookupStatus status, TimeSpan timeToLive = default) => _names[name] = AddressLookup.Failed(status, timeToLive);

    public async ValueTask<AddressLookup> LookUpAddressesAsync(string hostName, AddressFamilies families, CancellationToken cancellationToken)
    {
        Asked.Enqueue(hostName);
        await Gate.WaitAsync(cancellationToken);
        return _names.GetValueOrDefault(hostName) ?? AddressLookup.Failed(LookupStatus.NoName, TimeSpan.FromSeconds(5));
    }

    public ValueTask<NameLookupResult> LookUpNamesAsync(IPAddress address, CancellationToken cancellationToken) => ValueTask.FromResult(Reverse(address));

    public ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken) => Query(query, cancellationToken);
}
