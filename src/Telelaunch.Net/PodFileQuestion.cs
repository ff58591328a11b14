namespace Telelaunch.Net;

/// <summary>What a process of this machine is going to do with a file of a volume. Numbers of the control protocol (native-shim/README.md, FILE).</summary>
public enum PodFilePurpose
{
    /// <summary>Look at it, or through it where it is a link.</summary>
    Look = 1,

    /// <summary>Read a folder's entries.</summary>
    List = 2,

    /// <summary>Read it.</summary>
    Open = 3,

    /// <summary>Write to it.</summary>
    Write = 4,
    Remove = 5,
    MakeFolder = 6,
    RemoveFolder = 7,
    Rename = 8,
}

/// <summary>As the flags of open(2). Numbers of the control protocol.</summary>
[Flags]
public enum PodFileFlags
{
    None = 0,
    Create = 1,
    Exclusive = 2,
    Truncate = 4,
    NoFollow = 8,
}

/// <summary>A process asks for a file of a volume that is fetched on demand.</summary>
/// <param name="Mode">Permissions of what is made.</param>
/// <param name="Path">Absolute, as the pod has it, without <c>..</c>.</param>
/// <param name="NewPath">Of <see cref="PodFilePurpose.Rename"/>, else null.</param>
public sealed record PodFileQuestion(PodFilePurpose Purpose, PodFileFlags Flags, UnixFileMode Mode, string Path, string? NewPath = null);

/// <summary>Where the file is on this machine, or why not.</summary>
/// <param name="Errno">0: it is there, or the change is made.</param>
/// <param name="HostPath">Empty for changes.</param>
/// <param name="PodPath">The pod's path without symbolic links; empty where that is of no use.</param>
public readonly record struct PodFileAnswer(int Errno, string HostPath, string PodPath)
{
    public static PodFileAnswer Failed(int errno) => new(errno, "", "");

    public static PodFileAnswer Done => new(0, "", "");
}

/// <summary>Answers processes' questions about files; never throws but for cancellation.</summary>
public delegate ValueTask<PodFileAnswer> PodFileDesk(PodFileQuestion question, CancellationToken cancellationToken);

/// <summary>One volume as processes of this machine see it.</summary>
/// <param name="Path">Where the workload's container has it.</param>
/// <param name="IsOnDemand">Each access asks; otherwise a copy lies below the root.</param>
/// <param name="IsAtOwnPath">False: below the root only, because the path is in use on this machine.</param>
public sealed record MountedVolume(string Path, bool IsOnDemand, bool IsWritable, bool IsAtOwnPath);

/// <summary>The pod's volumes as processes of this machine see them.</summary>
/// <param name="Root">The copies are below. Without symbolic links.</param>
/// <param name="RootLink">A link to it, by which the user wants to find it; null: none.</param>
/// <param name="Fetched">What is fetched on demand lies below; null where nothing is. Without symbolic links.</param>
public sealed record MountedVolumes(string Root, string? RootLink, string? Fetched, IReadOnlyList<MountedVolume> Mounts);
