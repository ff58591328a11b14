using System.ComponentModel;
using Telelaunch.Linux;

namespace Telelaunch.Targets.Dotnet;

/// <summary>Paths with all links followed: a host looks for what belongs to it beside its real file.</summary>
internal static class RealPath
{
    /// <summary>Null where it isn't there or can't be reached.</summary>
    public static string? Of(string path)
    {
        try
        {
            return HostPath.Resolve(path);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
