using System;
using System.Runtime.CompilerServices;
using System.Threading;
using Telelaunch.StartupHook;

/// <summary>What the runtime calls before the application's Main (DOTNET_STARTUP_HOOKS): no namespace, this name, this method.</summary>
/// <remarks>
/// Whatever goes wrong in here, the application runs on: its exit code and standard output stay its own, and at most one line on standard error tells of it.
/// The work is in a method of its own, so that what can't be loaded fails within the try.
/// </remarks>
internal static class StartupHook
{
    private static int s_isStarted;
    private static TraceSender? s_sender;

    // Kept: a listener that is collected hears nothing any more.
    private static ManagedTrace? s_trace;

    public static void Initialize()
    {
        // DOTNET_STARTUP_HOOKS may name a file twice.
        if (Interlocked.Exchange(ref s_isStarted, 1) != 0)
            return;
        try
        {
            Start();
        }
        catch (Exception error)
        {
            Diagnosis.TrySay($"the startup hook failed, the application runs on: {error.GetType().Name}: {error.Message}");
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Start()
    {
        string? directory = Environment.GetEnvironmentVariable("TELELAUNCH_SESSION");
        if (string.IsNullOrEmpty(directory))
            return;
        var broker = new BrokerSocket(directory!);
        int errno = broker.Send(Hello.Packet());
        if (errno != 0)
        {
            Diagnosis.Say($"the session isn't told of this .NET application, which runs on: {Diagnosis.Explain(errno)}");
            return;
        }

        KestrelWatch.Start(() => Sender(broker));
        if (IsIPv6Off())
            Sender(broker).Add(new PlainRecord("ipv6-off"));
        if (Environment.GetEnvironmentVariable("TELELAUNCH_TRACE") == "1")
            Trace(broker);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Trace(BrokerSocket broker)
    {
        s_trace = new ManagedTrace();
        s_trace.Start(Sender(broker));
    }

    private static TraceSender Sender(BrokerSocket broker) =>
        Volatile.Read(ref s_sender) ?? Interlocked.CompareExchange(ref s_sender, new TraceSender(broker), null) ?? s_sender!;

    /// <summary>As System.Net.Sockets reads it: the switch goes before the variable.</summary>
    private static bool IsIPv6Off() => AppContext.TryGetSwitch("System.Net.DisableIPv6", out bool isOff)
        ? isOff
        : Environment.GetEnvironmentVariable("DOTNET_SYSTEM_NET_DISABLEIPV6") is "1" or "true" or "True" or "TRUE";
}
