using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Makes what is into what is wanted, for one concern. Looks at the whole present state each time and keeps none of it.</summary>
public abstract class Controller
{
    /// <summary>True if the change may give this controller something to do.</summary>
    public abstract bool Concerns(WatchEvent change);

    /// <summary>Does what is to be done now; writes nothing if all is as wanted.</summary>
    /// <returns>When to look again though nothing changes, or null.</returns>
    public abstract DateTimeOffset? Reconcile();
}
