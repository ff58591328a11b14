using System.Text;

namespace Telelaunch.Targets;

/// <summary>What a process is started with, byte for byte: arguments and environment need not be text.</summary>
/// <param name="Path">The file to execute; nothing is searched.</param>
/// <param name="Arguments">argv, argv[0] first.</param>
/// <param name="Environment">Entries NAME=VALUE.</param>
/// <param name="Signals">Signal dispositions and mask that the process begins with.</param>
/// <param name="OwnSession">setsid(2) first: no signal of a terminal reaches it.</param>
/// <param name="Descriptors">Descriptors of ours that become the process's, given by number: dup2(2) in this order.</param>
public sealed record ProcessStart(
    string Path,
    IReadOnlyList<byte[]> Arguments,
    IReadOnlyList<byte[]> Environment,
    InheritedSignals Signals,
    bool OwnSession = false,
    IReadOnlyList<(int Ours, int Theirs)>? Descriptors = null)
{
    /// <summary>The same as a shell script without <c>#!</c>, which execvp(3) hands to /bin/sh.</summary>
    public ProcessStart AsShellScript() => this with
    {
        Path = "/bin/sh",
        Arguments = ["/bin/sh"u8.ToArray(), Encoding.UTF8.GetBytes(Path), .. Arguments.Skip(1)],
    };
}
