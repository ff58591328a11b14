using System.Buffers;
using System.Text;
using System.Text.Json;
using Telelaunch.Net;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Telelaunch.Cluster;

/// <summary>An exec credential plugin as a kubeconfig describes it.</summary>
internal sealed record ExecPlugin
{
    private const string Group = "client.authentication.k8s.io/";

    public required string ApiVersion { get; init; }

    /// <summary>A bare name is looked for in PATH; one with a slash is relative to the kubeconfig.</summary>
    public required string Command { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; } = [];

    public ExecInteraction Interaction { get; init; }

    public string? InstallHint { get; init; }

    /// <summary>The <c>spec.cluster</c> of KUBERNETES_EXEC_INFO as JSON; null unless provideClusterInfo is set.</summary>
    public string? ClusterInfo { get; init; }

    public static ExecPlugin Read(KubeconfigNode exec, KubeconfigNode cluster)
    {
        var apiVersion = exec.Text("apiVersion") ?? throw exec.Malformed("exec has no apiVersion");
        if (apiVersion is not (Group + "v1" or Group + "v1beta1"))
            throw new ClusterException(
                "exec-api-version",
                $"The exec plugin of the kubeconfig {exec.File} speaks {apiVersion} (line {exec.Line}); {Group}v1 and v1beta1 are understood.",
                "Update the plugin, and log in again so that it rewrites the kubeconfig.");

        var command = exec.Text("command") ?? throw exec.Malformed("exec has no command");
        return new()
        {
            ApiVersion = apiVersion,
            Command = command.Contains('/', StringComparison.Ordinal) ? exec.Resolve(command) : command,
            Arguments = exec.Texts("args"),
            Variables = [.. exec.Mappings("env").Select(variable => KeyValuePair.Create(
                variable.Text("name") ?? throw variable.Malformed("an item of env has no name"),
                variable.Text("value") ?? ""))],
            Interaction = Interact(exec, apiVersion),
            InstallHint = exec.Text("installHint"),
            ClusterInfo = exec.Flag("provideClusterInfo") ? WriteClusterInfo(cluster) : null,
        };
    }

    private static ExecInteraction Interact(KubeconfigNode exec, string apiVersion) => exec.Text("interactiveMode") switch
    {
        "Never" => ExecInteraction.Never,
        "IfAvailable" => ExecInteraction.IfAvailable,
        "Always" => ExecInteraction.Always,
        null when apiVersion == Group + "v1beta1" => ExecInteraction.IfAvailable,
        null => throw exec.Malformed("exec has no interactiveMode, which v1 demands"),
        _ => throw exec.Malformed("interactiveMode must be Never, IfAvailable or Always"),
    };

    /// <summary>The Cluster type of client.authentication.k8s.io; <c>config</c> comes from the cluster's extension of that name.</summary>
    private static string WriteClusterInfo(KubeconfigNode cluster)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("server", cluster.Text("server"));
            if (cluster.Text("tls-server-name") is { } name)
                json.WriteString("tls-server-name", name);
            if (cluster.Flag("insecure-skip-tls-verify"))
                json.WriteBoolean("insecure-skip-tls-verify", true);
            if (CertificateFiles.Read(cluster, "certificate-authority") is { } authority)
                json.WriteBase64String("certificate-authority-data", authority);
            if (cluster.Text("proxy-url") is { } proxy)
                json.WriteString("proxy-url", proxy);
            if (cluster.Mappings("extensions").FirstOrDefault(item => item.Text("name") == Group + "exec") is { } extension
                && extension.Find("extension") is { } config)
            {
                json.WritePropertyName("config");
                Write(json, config, cluster);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, YamlNode node, KubeconfigNode cluster)
    {
        switch (node)
        {
            case YamlMappingNode mapping:
                json.WriteStartObject();
                foreach (var (key, value) in mapping.Children)
                {
                    json.WritePropertyName((key as YamlScalarNode ?? throw cluster.Malformed("a key of the extension client.authentication.k8s.io/exec isn't text")).Value ?? "");
                    Write(json, value, cluster);
                }

                json.WriteEndObject();
                break;
            case YamlSequenceNode sequence:
                json.WriteStartArray();
                foreach (var item in sequence.Children)
                    Write(json, item, cluster);
                json.WriteEndArray();
                break;
            case YamlScalarNode scalar:
                Write(json, scalar);
                break;
        }
    }

    private static void Write(Utf8JsonWriter json, YamlScalarNode scalar)
    {
        if (KubeconfigNode.IsNull(scalar))
            json.WriteNullValue();
        else if (scalar.Style == ScalarStyle.Plain && scalar.Value is "true" or "false")
            json.WriteBooleanValue(scalar.Value == "true");
        else if (scalar.Style == ScalarStyle.Plain && long.TryParse(scalar.Value, out var number))
            json.WriteNumberValue(number);
        else
            json.WriteStringValue(scalar.Value);
    }
}
