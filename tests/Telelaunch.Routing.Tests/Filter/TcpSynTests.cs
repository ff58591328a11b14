using System.Net;
using Telelaunch.Routing.Filter;

namespace Telelaunch.Routing.Tests.Filter;

public class TcpSynTests
{
    // Ports 40000 → 80, sequence number 0x01020304, acknowledgement 0, offset 5, SYN.
    private const string Tcp = "9c40 0050 01020304 00000000 5002 ffff 0000 0000";

    [Theory]
    [InlineData("45 00 0028 0000 4000 40 06 0000 c6135401 0a600005" + Tcp)]
    [InlineData("46 00 002c 0000 4000 40 06 0000 c6135401 0a600005 01010101" + Tcp)]
    [InlineData("45 00 0028 0000 4000 40 06 0000 c6135401 0a600005 9c40 0050 01020304")]
    public void Reads_IPv4(string packet)
    {
        Assert.True(TcpSyn.TryRead(Bytes(packet), out TcpSyn syn));
        Assert.Equal(new TcpSyn(IPEndPoint.Parse("198.19.84.1:40000"), IPEndPoint.Parse("10.96.0.5:80"), 0x01020304), syn);
    }

    [Theory]
    [InlineData("06", "")]
    [InlineData("00", "06 00 050200000000")]
    [InlineData("00", "3c 01 0502000000000000000000000000 06 00 010400000000")]
    public void Reads_IPv6(string next, string options)
    {
        Assert.True(TcpSyn.TryRead(Bytes($"60000000 0014 {next} 40 fd54454c000000000000000000000001 fd000010009600000000000000000005 {options} {Tcp}"), out TcpSyn syn));
        Assert.Equal(new TcpSyn(IPEndPoint.Parse("[fd54:454c::1]:40000"), IPEndPoint.Parse("[fd00:10:96::5]:80"), 0x01020304), syn);
    }

    [Theory]
    [InlineData("")]
    [InlineData("45")]
    [InlineData("75 00 0028 0000 4000 40 06 0000 c6135401 0a600005" + Tcp)]
    [InlineData("44 00 0028 0000 4000 40 06 0000 c6135401 0a600005" + Tcp)]
    [InlineData("45 00 0028 0000 4000 40 11 0000 c6135401 0a600005" + Tcp)]
    [InlineData("4f 00 0028 0000 4000 40 06 0000 c6135401 0a600005" + Tcp)]
    [InlineData("45 00 0028 0000 4000 40 06 0000 c6135401 0a600005 9c40 0050 010203")]
    [InlineData("60000000 0014 06 40 fd54454c000000000000000000000001 fd0000100096")]
    [InlineData("60000000 0014 11 40 fd54454c000000000000000000000001 fd000010009600000000000000000005" + Tcp)]
    [InlineData("60000000 0014 00 40 fd54454c000000000000000000000001 fd000010009600000000000000000005 06 ff 050200000000" + Tcp)]
    [InlineData("60000000 0014 00 40 fd54454c000000000000000000000001 fd000010009600000000000000000005 06")]
    public void Anything_Else_IsNone(string packet) => Assert.False(TcpSyn.TryRead(Bytes(packet), out _));

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
