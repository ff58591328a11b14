namespace Telelaunch.Cluster;

/// <summary>Whether an exec plugin wants the terminal's standard input (client.authentication.k8s.io).</summary>
internal enum ExecInteraction
{
    Never,
    IfAvailable,
    Always,
}
