using System;
using System.Collections.Generic;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Threading;

namespace Telelaunch.StartupHook;

/// <summary>Tells where Kestrel listens, once the application has started.</summary>
/// <remarks>
/// Nothing is done before Kestrel is loaded. From then on the host's own diagnostics ("HostBuilt", which tools for migrations and OpenAPI documents rely on too) hand over
/// the host, and its server names its addresses. By reflection, because the hook has no dependency; where a part was trimmed away nothing is told.
/// </remarks>
internal static class KestrelWatch
{
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel.Core,";
    private const string Listener = "System.Diagnostics.DiagnosticListener, System.Diagnostics.DiagnosticSource";
    private const string Lifetime = "Microsoft.Extensions.Hosting.IHostApplicationLifetime, Microsoft.Extensions.Hosting.Abstractions";
    private const string Server = "Microsoft.AspNetCore.Hosting.Server.IServer, Microsoft.AspNetCore.Hosting.Server.Abstractions";
    private const string Addresses = "Microsoft.AspNetCore.Hosting.Server.Features.IServerAddressesFeature";

    private static int s_isWatching;

    /// <summary>Waits for Kestrel to be loaded.</summary>
    internal static void Start() => AppDomain.CurrentDomain.AssemblyLoad += OnAssemblyLoad;

    private static void OnAssemblyLoad(object? _, AssemblyLoadEventArgs loaded)
    {
        if (loaded.LoadedAssembly.FullName?.StartsWith(Kestrel, StringComparison.Ordinal) == true)
            Begin();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Begin()
    {
        if (Interlocked.Exchange(ref s_isWatching, 1) != 0)
            return;
        AppDomain.CurrentDomain.AssemblyLoad -= OnAssemblyLoad;
        Guarded(Watch);
    }

    private static void Watch()
    {
        Type? listener = Type.GetType(Listener);
        object? all = listener?.GetProperty("AllListeners")?.GetValue(null);
        if (listener is null || all is null)
            return;
        PropertyInfo? name = listener.GetProperty("Name");
        Action<object> onListener = created =>
        {
            if (name?.GetValue(created) is "Microsoft.Extensions.Hosting" && created is IObservable<KeyValuePair<string, object?>> events)
                events.Subscribe(new Observer<KeyValuePair<string, object?>>(told => OnEvent(((KeyValuePair<string, object?>)told).Key, ((KeyValuePair<string, object?>)told).Value)));
        };
        object observer = Activator.CreateInstance(typeof(Observer<>).MakeGenericType(listener), onListener)!;
        typeof(IObservable<>).MakeGenericType(listener).GetMethod("Subscribe")!.Invoke(all, [observer]);
    }

    private static void OnEvent(string name, object? host)
    {
        if (name != "HostBuilt" || host?.GetType().GetProperty("Services")?.GetValue(host) is not IServiceProvider services)
            return;
        Type? lifetime = Type.GetType(Lifetime);
        if (lifetime?.GetProperty("ApplicationStarted")?.GetValue(services.GetService(lifetime)) is CancellationToken started)
            started.Register(() => Guarded(() => Tell(services)));
    }

    private static void Tell(IServiceProvider services)
    {
        Type? server = Type.GetType(Server);
        if (server is null || server.GetProperty("Features")?.GetValue(services.GetService(server)) is not IEnumerable<KeyValuePair<Type, object>> features)
            return;
        foreach (KeyValuePair<Type, object> feature in features)
        {
            if (feature.Key.FullName == Addresses && feature.Key.GetProperty("Addresses")?.GetValue(feature.Value) is ICollection<string> addresses)
            {
                foreach (string address in addresses)
                    global::StartupHook.Tell(new PlainRecord("listen", address));
            }
        }
    }

    /// <summary>Into the application's own calls nothing must be thrown.</summary>
    private static void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception)
        {
            // A host that isn't built as the known ones: where it listens isn't told.
        }
    }

    private sealed class Observer<T>(Action<object> onNext) : IObserver<T>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(T value) => Guarded(() => onNext(value!));
    }
}
