using System.Runtime.InteropServices;

// libc isn't beside the application.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]

namespace Telelaunch.StartupHook;

/// <summary>The system calls that the hook needs, as libc has them.</summary>
/// <remarks>System.Net.Sockets would cost an application that has no use for it several milliseconds of its start.</remarks>
internal static unsafe class Libc
{
    // A name with ".so" in it is what the runtime tries first. glibc's library is called so; musl's linker takes any libc.so.* for its own.
    private const string Library = "libc.so.6";

    [DllImport(Library, SetLastError = true)]
    internal static extern int socket(int domain, int type, int protocol);

    [DllImport(Library, SetLastError = true)]
    internal static extern int connect(int descriptor, byte* address, uint length);

    [DllImport(Library, SetLastError = true)]
    internal static extern nint send(int descriptor, byte* bytes, nuint length, int flags);

    [DllImport(Library)]
    internal static extern void close(int descriptor);

    [DllImport(Library)]
    internal static extern void write(int descriptor, byte* bytes, nuint length);
}
