using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Containers;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>Whom a container runs as: securityContext of the container, else of the pod, else what the image says.</summary>
internal static class PodUser
{
    /// <exception cref="ContainerConfigException">runAsNonRoot and the user is root, or nobody can tell.</exception>
    public static ProcessIdentity Of(JsonObject pod, JsonObject container, ContainerImage image)
    {
        var own = container["securityContext"] as JsonObject;
        var shared = pod.At("spec", "securityContext") as JsonObject;
        var (user, group) = OfImage(image);
        var asked = own?["runAsUser"] ?? shared?["runAsUser"];
        var uid = asked?.Number() ?? user;
        if ((own?["runAsNonRoot"] ?? shared?["runAsNonRoot"]).IsTrue())
            RefuseRoot(pod, container, image, asked is not null, uid);
        var gid = (own?["runAsGroup"] ?? shared?["runAsGroup"])?.Number() ?? (asked is null ? group : GroupOf(image, uid));
        var groups = new List<long>();
        if (shared?["fsGroup"] is { } fsGroup)
            groups.Add(fsGroup.Number());
        if (shared?["supplementalGroups"] is JsonArray more)
            groups.AddRange(more.Select(g => g.Number()));
        return new(uid, gid, groups)
        {
            Capabilities = CapabilitiesOf(own),
            NoNewPrivileges = own?["allowPrivilegeEscalation"] is { } may && !may.IsTrue(),
        };
    }

    private static void RefuseRoot(JsonObject pod, JsonObject container, ContainerImage image, bool asked, long uid)
    {
        var who = $"(pod: \"{pod.Name}_{pod.Namespace}({pod.Uid})\", container: {container["name"].Text()})";
        var named = image.User.Split(':')[0];
        if (!asked && named.Length > 0 && !long.TryParse(named, out _))
            throw new ContainerConfigException($"container has runAsNonRoot and image has non-numeric user ({named}), cannot verify user is non-root {who}");
        if (uid == 0)
            throw new ContainerConfigException(asked ? $"container's runAsUser breaks non-root policy {who}" : $"container has runAsNonRoot and image will run as root {who}");
    }

    private static string[] CapabilitiesOf(JsonObject? context)
    {
        var privileged = context?["privileged"].IsTrue() ?? false;
        var drop = Names(context.At("capabilities", "drop"));
        var kept = drop.Contains("CAP_ALL") ? [] : RuncSpec.DefaultCapabilities.Except(drop);
        return [.. kept.Union(Names(context.At("capabilities", "add")).Where(c => c != "CAP_ALL")), .. privileged ? (string[])["CAP_SYS_ADMIN", "CAP_NET_ADMIN"] : []];
    }

    private static HashSet<string> Names(JsonNode? list) =>
        [.. (list as JsonArray ?? []).Select(c => c.Text().ToUpperInvariant()).Select(c => c.StartsWith("CAP_", StringComparison.Ordinal) ? c : "CAP_" + c)];

    private static (long User, long Group) OfImage(ContainerImage image)
    {
        if (image.User.Length == 0)
            return (0, 0);
        var parts = image.User.Split(':', 2);
        var line = LinesOf(image, "/etc/passwd").FirstOrDefault(l => l[0] == parts[0] || l.ElementAtOrDefault(2) == parts[0]);
        var user = long.TryParse(parts[0], CultureInfo.InvariantCulture, out var number) ? number : Number(line?.ElementAtOrDefault(2));
        if (parts.Length == 1)
            return (user, Number(line?.ElementAtOrDefault(3)));
        return (user, long.TryParse(parts[1], CultureInfo.InvariantCulture, out var group) ? group
            : Number(LinesOf(image, "/etc/group").FirstOrDefault(l => l[0] == parts[1])?.ElementAtOrDefault(2)));
    }

    private static long GroupOf(ContainerImage image, long user) =>
        Number(LinesOf(image, "/etc/passwd").FirstOrDefault(l => l.ElementAtOrDefault(2) == user.ToString(CultureInfo.InvariantCulture))?.ElementAtOrDefault(3));

    private static long Number(string? text) => long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static IEnumerable<string[]> LinesOf(ContainerImage image, string file)
    {
        var text = image.Files.TryGetValue(file, out var own) ? own : File.Exists(image.RootDirectory + file) ? File.ReadAllText(image.RootDirectory + file) : "";
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(':'));
    }
}
