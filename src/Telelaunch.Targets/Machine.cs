using System.Runtime.InteropServices;

namespace Telelaunch.Targets;

/// <summary>The processor of this machine, and what else the kernel was told to run (binfmt_misc, as qemu-user registers itself).</summary>
internal static class Machine
{
    private const string BinfmtMisc = "/proc/sys/fs/binfmt_misc";
    private const ushort X86_64 = 62;
    private const ushort I386 = 3;
    private const ushort AArch64 = 183;
    private const ushort Arm = 40;

    public static string Name => RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64";

    /// <summary>Whether the kernel has something to run the image with.</summary>
    public static bool Runs(ElfImage image) => image.Machine switch
    {
        X86_64 or I386 when Name == "x86_64" => true,
        AArch64 or Arm when Name == "aarch64" => true,
        _ => IsRegistered(image),
    };

    // An entry: lines "enabled", "interpreter …", "flags: …", "offset 0", "magic 7f454c46…", "mask ffff…"; e_machine is at 18.
    private static bool IsRegistered(ElfImage image)
    {
        if (!Directory.Exists(BinfmtMisc)) return false;
        var littleEndian = $"{image.Machine & 0xff:x2}{image.Machine >> 8:x2}";
        var bigEndian = $"{image.Machine:x4}";
        return Directory.EnumerateFiles(BinfmtMisc).Where(file => Path.GetFileName(file) is not ("register" or "status")).Any(file =>
        {
            var lines = File.ReadAllLines(file);
            var magic = lines.FirstOrDefault(line => line.StartsWith("magic 7f454c46", StringComparison.Ordinal))?["magic ".Length..];
            return lines.Contains("enabled") && magic is { Length: >= 40 } && magic[36..40] is var machine && (machine == littleEndian || machine == bigEndian);
        });
    }
}
