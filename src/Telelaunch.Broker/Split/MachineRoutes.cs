using System.Net;

namespace Telelaunch.Broker.Split;

/// <summary>Single addresses that this machine's routing sends to the cluster.</summary>
internal sealed class MachineRoutes(SingleRouting routing, int capacity) : ISingleRoutes
{
    public int Capacity => capacity;

    public int Forgets => 1;

    public ValueTask ChangeAsync(IReadOnlyList<IPAddress> added, IReadOnlyList<IPAddress> forgotten, IReadOnlyCollection<IPAddress> all) => routing(added, forgotten);
}
