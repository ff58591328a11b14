namespace Telelaunch.Linux.Tests;

public class FileKindTests
{
    [Fact]
    public void OrdinaryFile_IsRegular()
    {
        string path = Path.GetTempFileName();
        using (FileStream file = File.OpenWrite(path))
            Assert.True(FileKind.IsRegular(file.SafeFileHandle));
        File.Delete(path);
    }

    [Fact]
    public void Device_IsNot()
    {
        using FileStream device = File.OpenWrite("/dev/null");
        Assert.False(FileKind.IsRegular(device.SafeFileHandle));
    }
}
