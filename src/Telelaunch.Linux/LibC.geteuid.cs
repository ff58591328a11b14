using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    /// <summary>geteuid(2)</summary>
    [LibraryImport(Library)]
    internal static partial uint geteuid();
}
