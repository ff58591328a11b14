using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Telelaunch.Cli.Logging;

/// <summary>Writes a log as lines: time, level, category, message; an exception's text follows.</summary>
/// <param name="write">Gets whole lines; is called from many threads.</param>
internal sealed class LineLoggerProvider(LogLevel least, TimeProvider time, Action<string> write) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new LineLogger(categoryName[(categoryName.LastIndexOf('.') + 1)..], least, time, write);

    public void Dispose()
    {
    }

    private sealed class LineLogger(string category, LogLevel least, TimeProvider time, Action<string> write) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            var line = string.Create(CultureInfo.InvariantCulture, $"{time.GetLocalNow():HH:mm:ss.fff} {Name(logLevel)} {category}: {formatter(state, exception)}");
            write(exception is null ? line + "\n" : $"{line}\n{exception}\n");
        }

        private static string Name(LogLevel level) => level switch
        {
            LogLevel.Trace => "trace",
            LogLevel.Debug => "debug",
            LogLevel.Information => "info ",
            LogLevel.Warning => "warn ",
            _ => "error",
        };
    }
}
