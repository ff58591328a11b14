namespace Telelaunch.Broker.Tests;

/// <summary>A test that needs root, because one of its processes becomes another user.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!Environment.IsPrivilegedProcess)
            Skip = "needs root: a process of it becomes another user";
    }
}
