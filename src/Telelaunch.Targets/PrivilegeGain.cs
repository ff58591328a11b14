namespace Telelaunch.Targets;

/// <summary>What executing a file would add to the rights of this process.</summary>
/// <remarks>Any of it makes the kernel set AT_SECURE (getauxval(3)), and then the dynamic loader ignores LD_PRELOAD paths (ld.so(8), secure-execution mode).</remarks>
public enum PrivilegeGain
{
    None,

    /// <summary>Set-user-ID to another user.</summary>
    SetUser,

    /// <summary>Set-group-ID to another group.</summary>
    SetGroup,

    /// <summary>File capabilities, which matter to an ordinary user only.</summary>
    Capabilities,
}

/// <summary>Reads <see cref="PrivilegeGain"/> from a file and this process.</summary>
internal static class PrivilegeGains
{
    private const uint SetUserId = 0x800;
    private const uint SetGroupId = 0x400;
    private const uint GroupExecute = 0x8;

    /// <summary>What execve(2) of the file would give us; a mount with nosuid is not looked at, so that the answer errs on the safe side.</summary>
    public static PrivilegeGain Of(string path)
    {
        // no_new_privs (prctl(2)) makes the kernel ignore all three.
        if (HasNoNewPrivileges() || Libc.OwnerOf(path) is not var (owner, group, mode)) return PrivilegeGain.None;
        if ((mode & SetUserId) != 0 && owner != Libc.RealUser()) return PrivilegeGain.SetUser;
        // Without group execute the bit means mandatory locking, not set-group-ID.
        if ((mode & (SetGroupId | GroupExecute)) == (SetGroupId | GroupExecute) && group != Libc.RealGroup()) return PrivilegeGain.SetGroup;
        return Libc.RealUser() != 0 && Libc.HasFileCapabilities(path) ? PrivilegeGain.Capabilities : PrivilegeGain.None;
    }

    private static bool HasNoNewPrivileges() =>
        File.ReadLines("/proc/self/status").Any(line => line.StartsWith("NoNewPrivs:", StringComparison.Ordinal) && line.EndsWith('1'));
}
