using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    /// <summary>link(2).</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int link(string oldpath, string newpath);
}
