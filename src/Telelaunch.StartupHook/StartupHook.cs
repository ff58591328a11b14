using System;
using System.Runtime.CompilerServices;
using System.Threading;
using Telelaunch.StartupHook;

/// <summary>What the runtime calls before the application's Main (DOTNET_STARTUP_HOOKS): no namespace, this name, this method.</summary>
/// <remarks>
/// Whatever goes wrong in here, the application runs on: its exit code and standard output stay its own, and at most one line on standard error tells of it.
/// The work is in a method of its own, so that what can't be loaded fails within the try. What every start runs is compiled at every start: it is little, and needs no
/// library but the core's; the rest is in methods of their own, too.
/// </remarks>
internal static class StartupHook
{
    private static bool s_isStarted;
    private static BrokerSocket? s_broker;
    private static TraceSender? s_sender;

    // Kept: a listener that is collected hears nothing any more.
    private static ManagedTrace? s_trace;

    public static void Initialize()
    {
        // DOTNET_STARTUP_HOOKS may name a file twice; the runtime runs one after the other.
        if (s_isStarted)
            return;
        s_isStarted = true;
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
        s_broker = new BrokerSocket(directory!);
        int errno = s_broker.Send(Hello.Packet());
        if (errno != 0)
        {
            SayWithoutSession(errno);
            return;
        }

        KestrelWatch.Start();
        if (IsIPv6Off())
            Tell(new PlainRecord("ipv6-off"));
        if (Environment.GetEnvironmentVariable("TELELAUNCH_TRACE") == "1")
            Trace();
    }

    /// <summary>Has the broker told of it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Tell(TraceRecord record) => Sender().Add(record);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void SayWithoutSession(int errno) =>
        Diagnosis.Say($"the session isn't told of this .NET application, which runs on: {Diagnosis.Explain(errno)}");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Trace()
    {
        s_trace = new ManagedTrace();
        s_trace.Start(Sender());
    }

    private static TraceSender Sender() => Volatile.Read(ref s_sender) ?? Interlocked.CompareExchange(ref s_sender, new TraceSender(s_broker!), null) ?? s_sender!;

    /// <summary>As System.Net.Sockets reads it: the switch goes before the variable.</summary>
    private static bool IsIPv6Off() => AppContext.TryGetSwitch("System.Net.DisableIPv6", out bool isOff)
        ? isOff
        : Environment.GetEnvironmentVariable("DOTNET_SYSTEM_NET_DISABLEIPV6") is "1" or "true" or "True" or "TRUE";
}
