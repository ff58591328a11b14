namespace Telelaunch.Agent.Tests;

/// <summary>A test that needs root, because it makes namespaces and drops privileges as a container runtime does.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!Environment.IsPrivilegedProcess)
            Skip = "needs root: it makes namespaces and drops privileges";
    }
}
