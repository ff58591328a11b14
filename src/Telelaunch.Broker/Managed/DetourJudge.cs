using System.Net.Sockets;
using Telelaunch.Net.Dns;

namespace Telelaunch.Broker.Managed;

/// <summary>Says once a process and kind what of an application's code goes around the session; only what is sure to matter to this cluster.</summary>
internal sealed class DetourJudge(NameContext context, PodNames names)
{
    // Without a bound a hostile program of this user could fill the memory.
    private const int Maximum = 4096;

    private readonly Lock _lock = new();
    private readonly HashSet<(int, DetourKind)> _said = [];

    internal void Judge(DetourRecord detour)
    {
        if (Notice(detour) is not { } notice)
            return;
        lock (_lock)
        {
            if (_said.Count >= Maximum || !_said.Add((detour.Process.Id, detour.Kind)))
                return;
        }

        context.Records(notice);
    }

    private NoticeRecord? Notice(DetourRecord detour)
    {
        string who = $"{detour.Process.Name}[{detour.Process.Id}]";
        switch (detour.Kind)
        {
            // With IPv4 in the cluster the switch changes nothing that is seen.
            case DetourKind.IPv6Off when context.PodAddress(AddressFamily.InterNetwork) is null:
                return new NoticeRecord(
                    detour.Time,
                    "ipv6-off",
                    $"{who} has IPv6 switched off, but this cluster has IPv6 addresses only: it reaches nothing there.",
                    "Take System.Net.DisableIPv6 out of its runtimeconfig.json or project, and DOTNET_SYSTEM_NET_DISABLEIPV6 out of its environment.");
            case DetourKind.Elsewhere when IsOfCluster(detour.Host):
                return new NoticeRecord(
                    detour.Time,
                    "request-elsewhere",
                    $"{who} sent a request for {detour.Host} to {detour.Went} instead: such requests go around the cluster's network.",
                    $"For a proxy: add {detour.Host} to NO_PROXY, or set UseProxy = false. For a ConnectCallback: let it connect to the endpoint that it is given.");
            default:
                return null;
        }
    }

    private bool IsOfCluster(string host) => names.Policy.Decide(host) switch
    {
        NameDecision.Cluster => true,
        // Asked for only because the namespaces aren't known, it may as well be somebody's out there.
        NameDecision.ClusterFirst => names.Policy.IsLikely(DnsQuestion.Normalize(host)),
        _ => false,
    };
}
