using Telelaunch.Attach;
using Telelaunch.Broker;

namespace Telelaunch.Cli.Attach;

/// <summary>A living session of this user's that has a process attached.</summary>
internal sealed record AttachedSession(LivingSession Session, AttachMark Process)
{
    public static IReadOnlyList<AttachedSession> List() =>
        [.. SessionDirectory.ListLiving(null).Select(session => (session, AttachMark.Read(session.FullPath))).Where(found => found.Item2 is not null).Select(found => new AttachedSession(found.session, found.Item2!))];

    /// <summary>The process as it was found, with the session that has it as its obstacle.</summary>
    public static DotnetProcess Mark(DotnetProcess process, IReadOnlyList<AttachedSession> sessions) =>
        sessions.FirstOrDefault(session => session.Process == new AttachMark(process.ProcessId, process.StartTime)) is { } attached
            ? process with { Obstacle = AttachObstacle.Attached(process, attached.Session.OwnerId) }
            : process;
}
