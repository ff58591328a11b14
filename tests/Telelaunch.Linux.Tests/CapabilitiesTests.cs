namespace Telelaunch.Linux.Tests;

public class CapabilitiesTests
{
    [Theory]
    [InlineData("Name:\tx\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000001400\nCapBnd:\t000001ffffffffff\n", true, true, false)]
    [InlineData("CapEff:\t0000000008000000\n", false, false, true)]
    [InlineData("CapEff:\t0000000000000000\n", false, false, false)]
    [InlineData("CapEff:\tmany\n", false, false, false)]
    [InlineData("", false, false, false)]
    public void Parse_ReadsTheEffectiveOnes(string status, bool netAdmin, bool netBindService, bool mkNod)
    {
        Capabilities capabilities = Capabilities.Parse(status);

        Assert.Equal((netAdmin, netBindService, mkNod), (capabilities.Has(Capability.NetAdmin), capabilities.Has(Capability.NetBindService), capabilities.Has(Capability.MkNod)));
    }

    [Fact]
    public void OfThisProcess_AreThoseOfItsStatus()
    {
        string line = File.ReadLines("/proc/thread-self/status").Single(line => line.StartsWith("CapEff:", StringComparison.Ordinal));

        Assert.Equal($"CapEff:\t{Capabilities.OfThisProcess().Effective:x16}", line);
    }
}
