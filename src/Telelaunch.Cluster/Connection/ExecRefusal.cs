using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Why a command wasn't started in a container. Several of these answers are plain text.</summary>
internal static class ExecRefusal
{
    public static ClusterException Explain(HttpStatusCode status, string body, ApiCall call, Kubeconfig kubeconfig)
    {
        var message = ApiRefusal.Message(body);
        return (int)status switch
        {
            404 when message.StartsWith("pods \"", StringComparison.Ordinal) =>
                new("pod-not-found", $"The pod to look into is gone: {message}.", "It was deleted or evicted; start again."),
            400 or 500 or 502 or 503 or 504 =>
                new("exec-refused", $"The command in a pod of the namespace {call.Namespace} was refused ({(int)status}): {message}", "See that the container runs and its node is ready; a proxy in between must let WebSockets through."),
            >= 200 and < 300 =>
                new("exec-refused", $"The server answered {(int)status} instead of opening a WebSocket.", "A proxy between here and the API server must let WebSockets through."),
            _ => ApiRefusal.Explain(status, body, call, kubeconfig),
        };
    }
}
