namespace Telelaunch.Cluster;

/// <summary>Whether this user has a right.</summary>
/// <param name="Reason">What the API server adds; may be empty.</param>
public sealed record ClusterRightReview(ClusterRight Right, bool IsAllowed, string Reason);
