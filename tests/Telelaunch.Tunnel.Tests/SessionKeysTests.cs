using System.Diagnostics;

namespace Telelaunch.Tunnel.Tests;

public class SessionKeysTests
{
    [Fact]
    public void HostKeyFile_IsReadBySshKeygenAndMatchesThePin()
    {
        using var keys = new SessionKeys();
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, keys.ToSecretFiles()[SessionKeys.HostKeyFileName]);
            File.SetUnixFileMode(path, UnixFileMode.UserRead);
            using Process keygen = Process.Start(new ProcessStartInfo("ssh-keygen", ["-y", "-f", path]) { RedirectStandardOutput = true })!;
            string line = keygen.StandardOutput.ReadToEnd();
            keygen.WaitForExit();

            Assert.Equal(0, keygen.ExitCode);
            Assert.Equal(Convert.ToBase64String(keys.HostKeyBlob.Span), line.Split(' ')[1].Trim());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void EachSession_HasKeysOfItsOwn()
    {
        using var one = new SessionKeys();
        using var two = new SessionKeys();

        Assert.NotEqual(one.Secret.ToArray(), two.Secret.ToArray());
        Assert.NotEqual(one.HostKeyBlob.ToArray(), two.HostKeyBlob.ToArray());
        Assert.Equal(32, one.Secret.Length);
    }
}
