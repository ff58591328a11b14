using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    /// <summary>realpath(3).</summary>
    /// <param name="resolved">Room of PATH_MAX.</param>
    [LibraryImport(Library, EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial byte* realpath(string path, byte* resolved);
}
