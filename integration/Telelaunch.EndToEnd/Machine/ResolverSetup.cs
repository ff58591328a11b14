namespace Telelaunch.EndToEnd.Machine;

/// <summary>How a machine comes to its name servers.</summary>
public enum ResolverSetup
{
    /// <summary>/etc/resolv.conf is a file with a name server in it, and nobody else writes it.</summary>
    Plain,
}
