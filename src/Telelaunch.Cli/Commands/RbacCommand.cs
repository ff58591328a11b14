using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Session;
using Telelaunch.Cluster;
using Telelaunch.Net;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch rbac</c>: the Role that these options need, for <c>kubectl apply -f -</c>. Needs no cluster.</summary>
internal static class RbacCommand
{
    public static int Run(Screen screen, SessionOptions options)
    {
        screen.WriteOutput(ClusterRights.RoleText(options.Agent.Namespace ?? NamespaceOf(options.Cluster), ClusterAccess.RightsOf(options.Workload, SessionPurpose.Run)));
        return ExitCodes.Success;
    }

    // Whoever asks for rights may have no kubeconfig yet.
    internal static string NamespaceOf(ClusterOptions options)
    {
        if (options.Namespace is { } given) return given;
        try
        {
            using var kubeconfig = Kubeconfig.Load(new() { Path = options.Kubeconfig, Context = options.Context });
            return kubeconfig.Namespace;
        }
        catch (ClusterException) when (options is { Kubeconfig: null, Context: null })
        {
            return "default";
        }
    }
}
