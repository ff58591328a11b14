using System.Net;
using System.Text.Json;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Reads an answer of the API server that says no. It may be a Status object, plain text, or nothing at all.</summary>
internal static class ApiRefusal
{
    private const int ShownCharacters = 2000;

    public static ClusterException Explain(HttpStatusCode status, string body, ApiCall call, Kubeconfig kubeconfig)
    {
        var message = Message(body);
        // A webhook picks the status of its refusal; one that can't be asked is a 500.
        if (message.Contains("admission webhook \"", StringComparison.Ordinal) || message.Contains("failed calling webhook", StringComparison.Ordinal) || message.Contains("ValidatingAdmissionPolicy", StringComparison.Ordinal))
            return Denied(message, call);
        return (int)status switch
        {
            401 => new("unauthorized", $"The API server {kubeconfig.Server.Authority} doesn't accept the credentials of the context {kubeconfig.ContextName} (401).", "They are wrong or have expired: log in again, or give --token."),
            403 => Forbidden(message, call),
            404 => NotFound(message, call),
            409 when message.Contains("already exists", StringComparison.Ordinal) => new("api-already-exists", $"{Capital(call)}: {message}", "Choose another name, or delete what is there if it isn't needed."),
            409 => new("api-conflict", $"{Capital(call)}: {message}", "Try again; somebody else changed it meanwhile."),
            413 or 422 or 400 => new("api-invalid", $"The API server doesn't take the request to {call}: {message}", "Look at the options that shape it (--agent-image, --service-account, -n)."),
            429 => new("api-overloaded", $"The API server has too much to do ({call}): {message}", "Try again in a while."),
            >= 300 and < 400 => ApiFailure.NotKubernetes(kubeconfig, null),
            _ => new("api-error", $"The API server failed to {call} ({(int)status}): {message}", "Look at the state of the cluster (`kubectl get nodes`, `kubectl get --raw /readyz?verbose`), and try again."),
        };
    }

    /// <summary><c>message</c> of a Status, or the text itself, cut to a sane length.</summary>
    public static string Message(string body)
    {
        var text = body.Trim();
        if (text.StartsWith('{'))
        {
            try
            {
                using var document = JsonDocument.Parse(text);
                if (document.RootElement.TryGetProperty("message", out var message) && message.GetString() is { } said)
                    text = said;
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException)
            {
                // Text that only looks like JSON is shown as it is.
            }
        }

        text = text.Trim();
        return text.Length == 0 ? "no reason was given" : text.Length > ShownCharacters ? text[..ShownCharacters] + "…" : text;
    }

    private static ClusterException Forbidden(string message, ApiCall call)
    {
        if (message.Contains("violates PodSecurity", StringComparison.Ordinal))
            return new("pod-security", $"Pod Security refuses the pod: {message}", $"The agent pod fulfils \"restricted\"; see what a webhook or --service-account adds to it, or take another namespace with --agent-namespace.");
        if (message.Contains("exceeded quota", StringComparison.Ordinal) || message.Contains("failed quota", StringComparison.Ordinal))
            return new("quota-exceeded", $"The quota of the namespace {call.Namespace} leaves no room: {message}", "Delete what isn't needed there (the agent asks for 25m CPU and 64Mi, limits 1 CPU and 256Mi), or name another with --agent-namespace.");
        if (message.Contains("error looking up service account", StringComparison.Ordinal))
            return new("service-account-not-found", $"The service account of the agent pod doesn't exist: {message}", "Correct --service-account; `kubectl get serviceaccounts` lists them. In a namespace just made, `default` comes a moment later.");
        if (message.Contains("being terminated", StringComparison.Ordinal))
            return new("namespace-terminating", $"The namespace {call.Namespace} is being deleted: {message}", "Wait until it is gone and made anew, or name another with -n.");
        if (message.Contains("imum ", StringComparison.Ordinal) && message.Contains(" usage per ", StringComparison.Ordinal))
            return new("limit-range", $"A LimitRange of the namespace {call.Namespace} refuses the agent pod: {message}", "Name another namespace with --agent-namespace, or ask its owner.");
        return NoRight(message, call);
    }

    private static ClusterException Denied(string message, ApiCall call) => new(
        "admission-denied",
        $"A policy of the cluster refuses to {call}: {message}",
        "Ask who owns that policy; --agent-image, --service-account and --agent-namespace are what can be changed here.");

    private static ClusterException NoRight(string message, ApiCall call)
    {
        // A WebSocket upgrade is a GET that needs get and create (since 1.35); with get alone the message ends after the colon.
        var isUpgrade = call.Resource is "pods/portforward" or "pods/exec";
        var cause = isUpgrade && (message.EndsWith("is forbidden:", StringComparison.Ordinal) || message == "no reason was given")
            ? $"Forbidden: opening {call.Resource} in the namespace {call.Namespace} needs the verbs get and create, and one of them is missing ({message})."
            : $"Forbidden to {call}: {message}";
        return new("forbidden", cause, $"{RoleLine(call)}Ask for the rights that `telelaunch rbac{(call.Namespace is null ? "" : " -n " + call.Namespace)}` prints, or take another namespace or user.");
    }

    // What a Role lacks, as a rule of it; RESOURCE.GROUP and RESOURCE/SUBRESOURCE are how calls name things.
    private static string RoleLine(ApiCall call)
    {
        if (call.Namespace is null || call.Resource.StartsWith('/'))
            return "";
        var dot = call.Resource.IndexOf('.', StringComparison.Ordinal);
        var (resource, group) = dot < 0 ? (call.Resource, "") : (call.Resource[..dot], call.Resource[(dot + 1)..]);
        var verbs = call.Verb == "open" ? "\"get\", \"create\"" : $"\"{call.Verb}\"";
        return $"The Role lacks: - {{apiGroups: [\"{group}\"], resources: [\"{resource}\"], verbs: [{verbs}]}}. ";
    }

    private static ClusterException NotFound(string message, ApiCall call)
    {
        if (message.StartsWith("namespaces \"", StringComparison.Ordinal))
            return new("namespace-not-found", $"The namespace {call.Namespace} doesn't exist.", "Correct -n; `kubectl get namespaces` lists them.");
        return new("api-not-found", $"Not found when trying to {call}: {message}", "It was deleted meanwhile, or the cluster doesn't know this kind.");
    }

    private static string Capital(ApiCall call)
    {
        var text = call.ToString();
        return char.ToUpperInvariant(text[0]) + text[1..];
    }
}
