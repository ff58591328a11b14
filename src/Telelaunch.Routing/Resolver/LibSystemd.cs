using System.Runtime.InteropServices;

namespace Telelaunch.Routing.Resolver;

/// <summary>The functions of libsystemd's sd-bus(3) that aren't variadic, which .NET can't call.</summary>
internal static unsafe partial class LibSystemd
{
    internal const string Library = "libsystemd.so.0";

    /// <summary>sd_bus_error(3)</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct sd_bus_error
    {
        public nint name;
        public nint message;
        public int _need_free;
    }

    /// <summary>sd_bus_open_system(3)</summary>
    [LibraryImport(Library)]
    internal static partial int sd_bus_open_system(out nint bus);

    /// <summary>sd_bus_flush_close_unref(3)</summary>
    [LibraryImport(Library)]
    internal static partial nint sd_bus_flush_close_unref(nint bus);

    /// <summary>sd_bus_message_new_method_call(3)</summary>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_new_method_call(nint bus, out nint m, string destination, string path, string @interface, string member);

    /// <summary>sd_bus_message_set_auto_start(3)</summary>
    [LibraryImport(Library)]
    internal static partial int sd_bus_message_set_auto_start(nint m, int b);

    /// <summary>sd_bus_message_append_basic(3)</summary>
    [LibraryImport(Library)]
    internal static partial int sd_bus_message_append_basic(nint m, byte type, void* p);

    /// <summary>sd_bus_message_append_basic(3) of type 's'</summary>
    [LibraryImport(Library, EntryPoint = "sd_bus_message_append_basic", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_append_string(nint m, byte type, string p);

    /// <summary>sd_bus_message_append_array(3)</summary>
    [LibraryImport(Library)]
    internal static partial int sd_bus_message_append_array(nint m, byte type, void* ptr, nuint size);

    /// <summary>sd_bus_message_open_container(3)</summary>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_open_container(nint m, byte type, string contents);

    /// <summary>sd_bus_message_close_container(3)</summary>
    [LibraryImport(Library)]
    internal static partial int sd_bus_message_close_container(nint m);

    /// <summary>sd_bus_call(3)</summary>
    [LibraryImport(Library)]
    internal static partial int sd_bus_call(nint bus, nint m, ulong usec, sd_bus_error* ret_error, out nint reply);

    /// <summary>sd_bus_message_unref(3)</summary>
    [LibraryImport(Library)]
    internal static partial nint sd_bus_message_unref(nint m);

    /// <summary>sd_bus_error_free(3)</summary>
    [LibraryImport(Library)]
    internal static partial void sd_bus_error_free(sd_bus_error* e);
}
