using System.Text.Json;
using System.Text.Json.Serialization;
using Telelaunch.Net;

namespace Telelaunch.Routing.Helper;

/// <summary>How the cluster's ranges are reached.</summary>
public enum RoutingMethod
{
    /// <summary>Connections are caught on this machine and carried by the tunnel: <c>--vpn-tcp</c>.</summary>
    [JsonStringEnumMemberName("vpn-tcp")]
    VpnTcp,

    /// <summary>A node of the cluster forwards the packets: <c>--method route</c>.</summary>
    [JsonStringEnumMemberName("route")]
    Route,
}

/// <summary>What a launcher asks its privileged helper for: ranges, names, and nothing else. No path and no command is part of it.</summary>
public sealed record RoutingPlan
{
    /// <summary>More ranges than any cluster has, and few enough to be added at once.</summary>
    private const int MaximumRanges = 4096;
    private const int MaximumNames = 8192;
    private const int MaximumOwner = 200;

    /// <summary>Of this protocol; helper and launcher are the same executable, so another number is a defect.</summary>
    public int Version { get; init; } = 1;

    public required RoutingMethod Method { get; init; }

    /// <summary>Whose session it is, for a person who finds the link: user, context, process.</summary>
    public required string Owner { get; init; }

    /// <summary>What goes to the cluster, in CIDR notation, exceptions subtracted already.</summary>
    public required IReadOnlyList<string> Ranges { get; init; }

    /// <summary>The node that forwards; null for <see cref="RoutingMethod.VpnTcp"/>.</summary>
    public string? Gateway { get; init; }

    /// <summary>The pod's search list: <c>default.svc.cluster.local</c> first.</summary>
    public required IReadOnlyList<string> SearchDomains { get; init; }

    /// <summary>Domains whose names the split name server answers: <c>cluster.local</c>, <c>svc</c>, namespaces.</summary>
    public required IReadOnlyList<string> RoutingDomains { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, RoutingJson.Default.RoutingPlan);

    /// <summary>Reads a plan and refuses what the grammar doesn't allow: the reader has more rights than the writer.</summary>
    /// <exception cref="FormatException">It isn't a plan.</exception>
    public static RoutingPlan Parse(string json)
    {
        RoutingPlan plan;
        try
        {
            plan = JsonSerializer.Deserialize(json, RoutingJson.Default.RoutingPlan) ?? throw new FormatException("an empty plan");
        }
        catch (JsonException error)
        {
            throw new FormatException($"not a plan: {error.Message}", error);
        }

        plan.Check();
        return plan;
    }

    /// <summary>The ranges, read.</summary>
    internal IReadOnlyList<AddressRange> ParseRanges() => [.. Ranges.Select(AddressRange.Parse)];

    private static bool IsDomain(string name) =>
        name.Length is > 0 and <= 253
        && name.Split('.').All(label => label.Length is > 0 and <= 63 && label.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_'));

    private void Check()
    {
        if (Version != 1)
            throw new FormatException($"a plan of version {Version}");
        if (Owner.Length is 0 or > MaximumOwner || Owner.Any(char.IsControl))
            throw new FormatException("an owner that isn't a short line");
        if (Ranges.Count > MaximumRanges || Ranges.Any(range => !AddressRange.TryParse(range, out AddressRange read) || !MayBeRouted(read)))
            throw new FormatException("ranges that may not be routed");
        if (SearchDomains.Count + RoutingDomains.Count > MaximumNames || !SearchDomains.Concat(RoutingDomains).All(IsDomain))
            throw new FormatException("domains that aren't domains");
        if (Method == RoutingMethod.Route != (Gateway is not null && System.Net.IPAddress.TryParse(Gateway, out _)))
            throw new FormatException("a gateway where there is none, or none where there should be");
    }

    /// <summary>Never everything, and never what means this machine or its link.</summary>
    private static bool MayBeRouted(AddressRange range) => range.PrefixLength > 1 && !AddressRanges.NeverLeavesHost(range.Network);
}

/// <summary>What the helper has prepared.</summary>
/// <param name="Link">Name of the link that carries routes and name-server settings.</param>
/// <param name="Address">The link's IPv4 address: what caught connections come from.</param>
/// <param name="HasIPv6">Whether IPv6 is caught too; not where this machine has it switched off.</param>
/// <param name="Resolver">Which set-up of name servers was found, in words.</param>
/// <param name="Upstreams">This machine's name servers, which go on answering everything that isn't the cluster's.</param>
public sealed record PreparedRouting(string Link, string Address, bool HasIPv6, string Resolver, IReadOnlyList<string> Upstreams);

/// <summary>Why the helper couldn't do what it was asked for; everything is undone.</summary>
internal sealed record RoutingRefusal(string Code, string Cause, string Remedy);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(RoutingPlan))]
[JsonSerializable(typeof(PreparedRouting))]
[JsonSerializable(typeof(RoutingRefusal))]
internal sealed partial class RoutingJson : JsonSerializerContext;
