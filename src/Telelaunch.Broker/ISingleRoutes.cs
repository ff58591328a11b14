using System.Net;

namespace Telelaunch.Broker;

/// <summary>Where single addresses are written that go to the cluster though no range says so: the shims' verdict table, or this machine's routing.</summary>
internal interface ISingleRoutes
{
    /// <summary>How many it holds.</summary>
    int Capacity { get; }

    /// <summary>How many are forgotten at once when it is full: more than one where taking one away costs as much as writing all.</summary>
    int Forgets { get; }

    /// <summary>Returns once connections to the new addresses go to the cluster. Never called twice at once.</summary>
    /// <param name="all">What there is afterwards.</param>
    /// <exception cref="Net.TelelaunchException">It can't be written; nothing has changed.</exception>
    ValueTask ChangeAsync(IReadOnlyList<IPAddress> added, IReadOnlyList<IPAddress> forgotten, IReadOnlyCollection<IPAddress> all);
}
