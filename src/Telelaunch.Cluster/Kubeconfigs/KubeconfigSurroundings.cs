namespace Telelaunch.Cluster;

/// <summary>What of this process's surroundings decides where the cluster is looked for.</summary>
internal sealed record KubeconfigSurroundings(Func<string, string?> Variable, string HomeDirectory, string ServiceAccountDirectory)
{
    /// <summary>Where a kubelet puts the service account of a Pod ("Accessing the Kubernetes API from a Pod").</summary>
    private const string PodServiceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

    public static KubeconfigSurroundings OfThisProcess { get; } = new(
        Environment.GetEnvironmentVariable,
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
        PodServiceAccountDirectory);
}
