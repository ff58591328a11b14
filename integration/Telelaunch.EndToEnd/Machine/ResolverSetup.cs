namespace Telelaunch.EndToEnd.Machine;

/// <summary>How a machine comes to its name servers. The programs are the real ones; <c>programs/machine_resolver.sh</c> sets them up.</summary>
public enum ResolverSetup
{
    /// <summary>/etc/resolv.conf is a file with a name server in it, and nobody else writes it.</summary>
    Plain,

    /// <summary>/etc/resolv.conf is a symbolic link to a file that another program writes.</summary>
    Linked,

    /// <summary>/etc/resolv.conf is mounted by itself, as container engines do: it can be written, not replaced.</summary>
    Mounted,

    /// <summary>The file names a dnsmasq on this machine, as NetworkManager sets it up.</summary>
    Dnsmasq,

    /// <summary>systemd-resolved on a bus of its own, and a link to its stub.</summary>
    Resolved,

    /// <summary>openresolv, which writes the file itself.</summary>
    Openresolv,

    /// <summary>Debian's resolvconf, and a link to what it writes.</summary>
    Resolvconf,
}
