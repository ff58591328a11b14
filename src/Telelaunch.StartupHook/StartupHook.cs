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
            TrySay(error);
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
            Diagnosis.Say($"the session isn't told of this .NET application, which runs on: {Diagnosis.Explain(errno)}");
    }

    private static void TrySay(Exception error)
    {
        try
        {
            Diagnosis.Say($"the startup hook failed, the application runs on: {error.GetType().Name}: {error.Message}");
        }
        catch (Exception)
        {
            // Without libc there is nobody to tell, and nothing that may stop the application.
        }
    }
}
