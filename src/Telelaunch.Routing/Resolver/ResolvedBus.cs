using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Telelaunch.Routing.Resolver;

/// <summary>systemd-resolved over D-Bus.</summary>
internal sealed class ResolvedBus : IResolvedLinkCalls
{
    private const string Service = "org.freedesktop.resolve1";
    private const string ServicePath = "/org/freedesktop/resolve1";
    private const string UnknownMethod = "org.freedesktop.DBus.Error.UnknownMethod";
    private const ulong LongestCall = 5_000_000; // µs

    private nint _bus;

    private ResolvedBus(nint bus) => _bus = bus;

    /// <summary>Null where there is no bus, no such library, or no daemon that answers; none is started by being asked.</summary>
    public static ResolvedBus? Open()
    {
        if (!NativeLibrary.TryLoad(LibSystemd.Library, out _)) return null;
        if (LibSystemd.sd_bus_open_system(out nint opened) < 0) return null;
        var bus = new ResolvedBus(opened);
        try
        {
            bus.Call("org.freedesktop.DBus.Peer", "Ping", static _ => { });
            return bus;
        }
        catch (ResolvedException)
        {
            bus.Dispose();
            return null;
        }
    }

    public void SetServer(ResolverLink link, IPAddress server) => Call("SetLinkDNS", message =>
    {
        Append(message, link.Index);
        In(message, 'a', "(iay)", () => In(message, 'r', "iay", () =>
        {
            Append(message, server.AddressFamily == AddressFamily.InterNetwork ? 2 : 10);
            Append(message, server.GetAddressBytes());
        }));
    });

    public void SetDomains(ResolverLink link, IReadOnlyList<string> search, IReadOnlyList<string> routing) => Call("SetLinkDomains", message =>
    {
        Append(message, link.Index);
        In(message, 'a', "(sb)", () =>
        {
            foreach ((string domain, bool isRouting) in search.Select(name => (name, false)).Concat(routing.Select(name => (name, true))))
            {
                In(message, 'r', "sb", () =>
                {
                    Append(message, domain);
                    AppendFlag(message, isRouting);
                });
            }
        });
    });

    public void SetNothingElse(ResolverLink link)
    {
        CallIfKnown("SetLinkDefaultRoute", message =>
        {
            Append(message, link.Index);
            AppendFlag(message, false);
        });
        foreach (string method in new[] { "SetLinkDNSSEC", "SetLinkDNSOverTLS", "SetLinkLLMNR", "SetLinkMulticastDNS" })
        {
            CallIfKnown(method, message =>
            {
                Append(message, link.Index);
                Append(message, "no");
            });
        }
    }

    public void Revert(ResolverLink link) => Call("RevertLink", message => Append(message, link.Index));

    public void FlushCaches() => Call("FlushCaches", static _ => { });

    public void Dispose()
    {
        if (_bus != 0) _ = LibSystemd.sd_bus_flush_close_unref(_bus);
        _bus = 0;
    }

    private void CallIfKnown(string member, Action<nint> arguments)
    {
        try
        {
            Call(member, arguments);
        }
        catch (ResolvedException error) when (error.Name == UnknownMethod)
        {
        }
    }

    private void Call(string member, Action<nint> arguments) => Call("org.freedesktop.resolve1.Manager", member, arguments);

    private unsafe void Call(string @interface, string member, Action<nint> arguments)
    {
        Check(LibSystemd.sd_bus_message_new_method_call(_bus, out nint message, Service, ServicePath, @interface, member), member);
        LibSystemd.sd_bus_error error = default;
        nint reply = 0;
        try
        {
            Check(LibSystemd.sd_bus_message_set_auto_start(message, 0), member);
            arguments(message);
            int result = LibSystemd.sd_bus_call(_bus, message, LongestCall, &error, out reply);
            if (result < 0)
                throw new ResolvedException(member, Marshal.PtrToStringUTF8(error.name) ?? "", Marshal.PtrToStringUTF8(error.message) ?? Marshal.GetPInvokeErrorMessage(-result));
        }
        finally
        {
            LibSystemd.sd_bus_error_free(&error);
            if (reply != 0) _ = LibSystemd.sd_bus_message_unref(reply);
            _ = LibSystemd.sd_bus_message_unref(message);
        }
    }

    private static unsafe void Append(nint message, int value) => Check(LibSystemd.sd_bus_message_append_basic(message, (byte)'i', &value), "sd_bus_message_append_basic");

    private static unsafe void AppendFlag(nint message, bool value)
    {
        // A boolean is an int on the way in.
        int flag = value ? 1 : 0;
        Check(LibSystemd.sd_bus_message_append_basic(message, (byte)'b', &flag), "sd_bus_message_append_basic");
    }

    private static void Append(nint message, string value) => Check(LibSystemd.sd_bus_message_append_string(message, (byte)'s', value), "sd_bus_message_append_basic");

    private static unsafe void Append(nint message, byte[] value)
    {
        fixed (byte* bytes = value) Check(LibSystemd.sd_bus_message_append_array(message, (byte)'y', bytes, (nuint)value.Length), "sd_bus_message_append_array");
    }

    private static void In(nint message, char container, string contents, Action append)
    {
        Check(LibSystemd.sd_bus_message_open_container(message, (byte)container, contents), "sd_bus_message_open_container");
        append();
        Check(LibSystemd.sd_bus_message_close_container(message), "sd_bus_message_close_container");
    }

    private static void Check(int result, string call)
    {
        if (result < 0) throw new ResolvedException(call, "", Marshal.GetPInvokeErrorMessage(-result));
    }
}

/// <summary>systemd-resolved, or the way to it, said no.</summary>
/// <param name="name">The D-Bus name of the error; empty where it has none.</param>
internal sealed class ResolvedException(string call, string name, string message) : IOException($"{call}: {message}")
{
    public string Name { get; } = name;
}
