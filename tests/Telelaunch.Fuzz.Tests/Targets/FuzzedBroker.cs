using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Telelaunch.Broker;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Net;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>A broker in this process that reports every error it logs: what a catch-all at a loop's root hides from its clients, it doesn't hide from here.</summary>
internal sealed class FuzzedBroker : IAsyncDisposable
{
    private readonly string _root;
    private readonly ErrorLog _log;

    private FuzzedBroker(string root, Broker.Broker broker, ErrorLog log)
    {
        _root = root;
        Broker = broker;
        _log = log;
    }

    public Broker.Broker Broker { get; }

    public static async Task<FuzzedBroker> StartAsync(IPodResolver resolver, IReadOnlyList<IPAddress> hostNameServers)
    {
        string root = Directory.CreateTempSubdirectory("tlf").FullName;
        var log = new ErrorLog();
        Broker.Broker broker = await Telelaunch.Broker.Broker.StartAsync(
            new()
            {
                Dialer = static (_, _) => ValueTask.FromResult(DialResult.Failed(Errno.ECONNREFUSED)),
                Resolver = resolver,
                Pod = new("agent", [IPAddress.Parse("10.244.0.9")], [IPAddress.Parse("10.96.0.10")], ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"], 5, "test"),
                ClusterRanges = [AddressRange.Parse("10.96.0.0/12")],
                Names = new ClusterNames(["default", "shop"], ["web"], []),
                HostNameServers = hostNameServers,
                HostRoutes = [],
                SessionRoot = root,
                Logger = log,
            },
            CancellationToken.None);
        return new(root, broker, log);
    }

    /// <summary>No error was logged since the last time.</summary>
    public void CheckLog() => Oracle.Must(!_log.Errors.TryDequeue(out string? error), $"the broker logged: {error}");

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    private sealed class ErrorLog : ILogger
    {
        public ConcurrentQueue<string> Errors { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Errors.Enqueue($"{formatter(state, exception)} {exception}");
        }
    }
}

/// <summary>A pod that knows "hello", and answers raw questions with what it was asked.</summary>
internal sealed class HelloResolver : IPodResolver
{
    public ValueTask<AddressLookup> LookUpAddressesAsync(string hostName, AddressFamilies families, CancellationToken cancellationToken)
        => ValueTask.FromResult(hostName == "hello"
            ? new AddressLookup(LookupStatus.Found, [IPAddress.Parse("10.96.0.1"), IPAddress.Parse("fd00::1")], "hello.default.svc.cluster.local", TimeSpan.Zero)
            : AddressLookup.Failed(LookupStatus.NoName));

    public ValueTask<NameLookupResult> LookUpNamesAsync(IPAddress address, CancellationToken cancellationToken)
        => ValueTask.FromResult(new NameLookupResult(LookupStatus.Found, ["hello.default.svc.cluster.local"], TimeSpan.Zero));

    public ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        byte[] answer = query.ToArray();
        answer[2] |= 0x80;
        return ValueTask.FromResult<ReadOnlyMemory<byte>>(answer);
    }
}
