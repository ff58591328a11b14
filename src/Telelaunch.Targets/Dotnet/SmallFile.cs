namespace Telelaunch.Targets.Dotnet;

/// <summary>Files that are read as a whole, though nobody promises that they are small, or files.</summary>
internal static class SmallFile
{
    // inode(7): S_IFMT, S_IFREG.
    private const uint FileType = 0xf000;
    private const uint RegularFile = 0x8000;

    /// <summary>Its bytes; null where it isn't there, can't be read, is a pipe or device, or is longer than <paramref name="most"/>.</summary>
    public static byte[]? Read(string path, int most)
    {
        try
        {
            // Looked at before it is opened: opening a pipe would wait for a writer.
            if ((Libc.OwnerOf(path)?.Mode & FileType) != RegularFile) return null;
            using var handle = File.OpenHandle(path);
            var length = RandomAccess.GetLength(handle);
            return length > most ? null : ElfImage.ReadBytes(handle, 0, (int)length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
