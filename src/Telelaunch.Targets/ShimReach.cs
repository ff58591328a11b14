namespace Telelaunch.Targets;

/// <summary>How much of a program's traffic the shim catches.</summary>
public enum Reach
{
    /// <summary>All that goes through libc, which is all such programs do.</summary>
    Full,

    /// <summary>Some of it; the rest goes where it went without us.</summary>
    Partial,

    /// <summary>Nothing: the shim is never loaded, or never asked.</summary>
    None,
}

/// <summary>What the shim will and won't catch of a program, told before it is started.</summary>
/// <param name="Code">Stable, kebab-case; empty when <see cref="Reach.Full"/>.</param>
/// <param name="Cause">One line; empty when <see cref="Reach.Full"/>.</param>
/// <param name="Remedy">One line; empty when <see cref="Reach.Full"/>.</param>
public sealed record ShimReach(Reach Reach, string Code, string Cause, string Remedy)
{
    private static readonly ShimReach Everything = new(Reach.Full, "", "", "");

    /// <param name="shimMachines">Machines (ELF e_machine of 64-bit images) for which there is a shim.</param>
    public static ShimReach Of(TargetProgram program, IReadOnlyCollection<ushort> shimMachines)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(shimMachines);
        var name = program.Interpreters.Count == 0 ? $"'{program.Executable}'" : $"'{program.Executable}', which runs '{program.Command}',";
        if (program.Gain != PrivilegeGain.None) return Privileged(name, program);
        if (program.Image is not { } image) return Everything;
        if (!image.Is64Bit || !shimMachines.Contains(image.Machine))
            return new(Reach.None, "program-other-architecture", $"{name} is a program for {image.MachineName}, for which there is no shim: nothing it does would go through the cluster.",
                $"Use a build for {Machine.Name}.");
        if (image.Interpreter is null && !IsLoader(program.Executable)) return Static(name, image);
        if (image.IsGo)
            return new(Reach.Partial, "program-go-dynamic",
                $"{name} is a Go program: Go code connects by raw system calls, which the shim can't see. Only its C parts (cgo) and lookups through libc go to the cluster.",
                "Catching the connections of Go code (seccomp) isn't available in this version.");
        return Everything;
    }

    private static ShimReach Privileged(string name, TargetProgram program)
    {
        var gain = program.Gain switch
        {
            PrivilegeGain.SetUser => "is set-user-ID",
            PrivilegeGain.SetGroup => "is set-group-ID",
            _ => "has file capabilities",
        };
        return new(Reach.None, "program-privileged", $"{name} {gain}: the loader ignores LD_PRELOAD for it, so nothing it does would go through the cluster.",
            Path.GetFileName(program.Executable) is "sudo" or "su" or "doas" or "pkexec"
                ? $"Put it in front: {Path.GetFileName(program.Executable)} telelaunch run -- COMMAND."
                : "Run a copy without that bit (cp it), or as the user it changes to.");
    }

    private static ShimReach Static(string name, ElfImage image) => image.IsGo
        ? new(Reach.None, "program-go-static", $"{name} is a statically linked Go program: it connects by raw system calls and loads no shim, so nothing it does would go through the cluster.",
            "Call it from a program that can be caught, or reach the Service by kubectl port-forward; catching such programs (seccomp) isn't available in this version.")
        : new(Reach.None, "program-static", $"{name} is statically linked: it loads no shim, so nothing it does would go through the cluster.",
            "Use a dynamically linked build; catching static programs (seccomp) isn't available in this version.");

    /// <summary>The dynamic loader has no interpreter itself; called as a command it loads what its argument names, and honours LD_PRELOAD.</summary>
    private static bool IsLoader(string path) => Path.GetFileName(path) is var name
        && (name.StartsWith("ld-linux", StringComparison.Ordinal) || name.StartsWith("ld-musl-", StringComparison.Ordinal) || name is "ld.so" or "ld64.so.1" or "ld64.so.2" || IsLoaderVersion(name));

    // The target of Debian's /usr/bin/ld.so link on older releases: ld-2.31.so.
    private static bool IsLoaderVersion(string name) => name.StartsWith("ld-", StringComparison.Ordinal) && name.EndsWith(".so", StringComparison.Ordinal);
}
