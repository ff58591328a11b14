using System.Text;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

public sealed class ControlFileTests
{
    [Theory]
    [InlineData(1, "relative")]
    [InlineData(1, "/")]
    [InlineData(1, "")]
    [InlineData(1, "/data/../etc")]
    [InlineData(1, "/data/./x")]
    [InlineData(1, "/data//x")]
    [InlineData(1, "/data/")]
    [InlineData(1, "/data\0/other")]
    [InlineData(8, "/data")]
    [InlineData(8, "/data\0")]
    [InlineData(8, "/data\0/a/../b")]
    [InlineData(0, "/data")]
    [InlineData(9, "/data")]
    public void PathThatIsntPlain_OrPurposeThatIsntOne_IsNoQuestion(byte purpose, string path) => Assert.False(TryRead(purpose, Encoding.UTF8.GetBytes(path)));

    [Fact]
    public void BytesThatArentText_AreNoQuestion() => Assert.False(TryRead(1, [(byte)'/', 0xE4]));

    [Fact]
    public void PathAsLongAsItMayBe_IsOne() =>
        Assert.Equal((true, false), (TryRead(1, Encoding.ASCII.GetBytes("/" + new string('a', 4094))), TryRead(1, Encoding.ASCII.GetBytes("/" + new string('a', 4095)))));

    private static bool TryRead(byte purpose, byte[] path)
    {
        Assert.True(ControlRequest.TryParse([1, (byte)ControlKind.File, 0, 0, purpose, 0, 0, 0, .. path], null, default, out ControlRequest request));
        return ControlFile.TryRead(request, out PodFileQuestion _);
    }
}
