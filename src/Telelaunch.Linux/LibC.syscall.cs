using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    // asm-generic/unistd.h
    internal const nint SYS_pidfd_send_signal = 424;
    internal const nint SYS_pidfd_open = 434;

    /// <summary>syscall(2), for calls that are newer than the oldest C library; variadic in C, passed as any other on Linux x64 and arm64.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint syscall(nint number, nint first, nint second);

    /// <inheritdoc cref="syscall(nint, nint, nint)"/>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint syscall(nint number, nint first, nint second, nint third, nint fourth);
}
