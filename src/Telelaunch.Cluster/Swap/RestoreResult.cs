namespace Telelaunch.Cluster;

/// <summary>What putting a workload back came to.</summary>
public enum RestoreOutcome
{
    /// <summary>Its replicas are what they were, and the annotation is gone.</summary>
    Restored,

    /// <summary>Somebody had scaled it meanwhile; that stays, and the annotation is gone.</summary>
    ScaledMeanwhile,

    /// <summary>Nobody stands in: it was put back before.</summary>
    NotSwapped,

    /// <summary>Another session stands in; nothing was changed.</summary>
    SomebodyElses,

    /// <summary>The workload has been deleted.</summary>
    Deleted,
}

/// <param name="Replicas">Of the workload now; 0 where it is gone.</param>
/// <param name="TemplateChanged">Its Pod template was changed while a session stood in: its Pods come with the new one.</param>
public sealed record RestoreResult(RestoreOutcome Outcome, int Replicas, bool TemplateChanged)
{
    /// <summary><c>1 replica</c>, <c>2 replicas</c>.</summary>
    public string Count => CountOf(Replicas);

    /// <summary>The same for any number.</summary>
    public static string CountOf(int replicas) => replicas == 1 ? "1 replica" : $"{replicas} replicas";
}
