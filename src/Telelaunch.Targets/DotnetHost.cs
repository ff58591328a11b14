namespace Telelaunch.Targets;

/// <summary>Which .NET runtime is linked into an executable.</summary>
public enum DotnetHost
{
    /// <summary>None: it is no .NET program, or one that loads the runtime from a library (<c>libcoreclr.so</c>).</summary>
    None,

    /// <summary>CoreCLR, in a single file with the application.</summary>
    SingleFile,

    /// <summary>NativeAOT: compiled ahead of time, without CoreCLR.</summary>
    NativeAot,
}

/// <summary>Recognises the runtime by what the executable exports for debuggers.</summary>
public static class DotnetHosts
{
    /// <summary>Reads the names of an ELF file's dynamic symbols; <see cref="DotnetHost.None"/> for what is no ELF image.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static DotnetHost Inspect(string path)
    {
        using var file = File.OpenHandle(path);
        Span<byte> header = stackalloc byte[64];
        header = header[..RandomAccess.Read(file, header, 0)];
        if (header.Length < 64 || !header.StartsWith("\u007fELF"u8)) return DotnetHost.None;
        ReadOnlySpan<byte> names = new ElfLayout(Is64Bit: header[4] == 2, IsLittleEndian: header[5] == 1).DynamicNames(file, header);
        // dotnet/runtime: corehost's singlefilehost exports the first (clrinfo.h), NativeAOT the second (DebugHeader.cpp), of which a host with CoreCLR has none.
        return names.IndexOf("\0DotNetRuntimeInfo\0"u8) >= 0 ? DotnetHost.SingleFile
            : names.IndexOf("\0DotNetRuntimeDebugHeader\0"u8) >= 0 ? DotnetHost.NativeAot
            : DotnetHost.None;
    }
}
