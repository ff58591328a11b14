using System.Text.Json;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Session;
using Telelaunch.Cluster;
using Telelaunch.Tunnel;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch agent image manifest [NAME]</c>: an agent that stays, with new keys, for <c>kubectl apply -f -</c>. Needs no cluster.</summary>
internal static class AgentManifestCommand
{
    public static int Run(Screen screen, SessionOptions options, string name)
    {
        if (WorkloadReference.TryParse(name) is not { Container: null, Kind: WorkloadKind.Deployment } reference || reference.Name != name)
            throw OptionValues.Invalid("NAME", name, "can't be a Deployment's name", "Write it as telelaunch-agent.");
        using var keys = new SessionKeys();
        var pod = ClusterAccess.PodOptions(options.Agent, RbacCommand.NamespaceOf(options.Cluster), "standing");
        using var list = JsonDocument.Parse(StandingAgent.Describe(pod, name, keys.ToStandingSecretFiles()));
        foreach (var item in list.RootElement.GetProperty("items").EnumerateArray()) screen.WriteOutput("---\n" + YamlText.Of(item));
        return ExitCodes.Success;
    }
}
