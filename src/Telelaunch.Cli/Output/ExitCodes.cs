namespace Telelaunch.Cli.Output;

/// <summary>What Telelaunch itself ends with; <c>run</c> and <c>shell</c> otherwise end with the command's own code, or 128 + n.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary><c>doctor</c> found something to fix; or another command than run and shell failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line can't be understood.</summary>
    public const int Usage = 2;

    /// <summary>The tunnel was lost for good while the command ran.</summary>
    public const int TunnelLost = 124;

    /// <summary>Telelaunch failed before the command started.</summary>
    public const int NotStarted = 125;

    /// <summary>The command can't be executed.</summary>
    public const int NotExecutable = 126;

    /// <summary>The command isn't there.</summary>
    public const int NotFound = 127;
}
