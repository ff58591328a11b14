using Microsoft.Extensions.Logging;
using Telelaunch.Broker;
using Telelaunch.Broker.Managed;
using Telelaunch.Broker.Ports;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Logging;

/// <summary>Where a session's log and trace go: the file of <c>--log-file</c>, else standard error.</summary>
/// <remarks>Neither holds payload, keys or tokens: those who write log sizes and names only.</remarks>
internal sealed class SessionLog : IDisposable
{
    private readonly LogFile? _file;
    private readonly Action<string> _write;
    private readonly bool _traces;
    private readonly bool _isVerbose;
    private readonly Screen _screen;
    private readonly ILogger _ports;

    /// <exception cref="Net.HostException">The log file can't be written.</exception>
    public SessionLog(ReportOptions options, Screen screen, TimeProvider time)
    {
        _screen = screen;
        _traces = options.Trace;
        _isVerbose = options.Verbose;
        _file = options.LogFile is { } path ? LogFile.Open(path) : null;
        _write = _file is null ? screen.WriteError : _file.Write;
        var least = options.Verbose || _file is not null ? LogLevel.Debug : LogLevel.Error;
        Loggers = LoggerFactory.Create(builder =>
        {
            builder.SetMinimumLevel(least);
            builder.AddProvider(new LineLoggerProvider(least, time, _write));
        });
        _ports = Loggers.CreateLogger("Telelaunch.Ports");
    }

    public ILoggerFactory Loggers { get; }

    /// <summary>Gets each change of an exposed port; null: nobody is told.</summary>
    public Action<PortRecord>? PortChanged { get; set; }

    /// <summary>Gets each address that Kestrel listens on; null: nobody is told.</summary>
    public Action<KestrelRecord>? KestrelListens { get; set; }

    /// <summary>Gets what a shim says that was brought into a running process; null: nobody is told.</summary>
    public Action<HelloRecord>? ShimGreeted { get; set; }

    /// <summary>Takes what the broker reports: notices are always shown, who has come in with <c>-v</c> or <c>--trace</c>, flows and lookups with <c>--trace</c>.</summary>
    public void Record(BrokerRecord record)
    {
        if (record is NoticeRecord notice)
        {
            _screen.Say(notice.Cause);
            _screen.Say(notice.Remedy);
        }
        else if (record is HelloRecord { Source: HelloSource.StartupHook } hello)
        {
            if (_traces || _isVerbose) _screen.Say($"in: {hello.ProcessId} {hello.Application}, {hello.Runtime}");
        }
        else if (record is HelloRecord shim)
        {
            ShimGreeted?.Invoke(shim);
        }
        else if (record is PortRecord port)
        {
            _ports.LogDebug("{Line}", TraceLine.Of(port));
            PortChanged?.Invoke(port);
        }
        else if (record is KestrelRecord kestrel && KestrelListens is { } listens)
        {
            listens(kestrel);
        }
        else if (_traces)
        {
            _write(TraceLine.Of(record) + "\n");
        }
    }

    public void Dispose()
    {
        Loggers.Dispose();
        _file?.Dispose();
    }
}
