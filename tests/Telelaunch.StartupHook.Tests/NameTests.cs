using System.Net;
using System.Runtime.CompilerServices;

namespace Telelaunch.StartupHook.Tests;

/// <summary>What is made readable of what the runtime tells.</summary>
public class NameTests
{
    [Theory]
    [InlineData("10.96.0.5:80", "10.96.0.5:80")]
    [InlineData("[fd00:10:96::7]:5432", "[fd00:10:96::7]:5432")]
    [InlineData("[::ffff:10.96.0.5]:65535", "10.96.0.5:65535")]
    public void SocketAddress_IsRead(string endPoint, string expected) =>
        Assert.Equal(expected, SocketAddressText.EndPoint(IPEndPoint.Parse(endPoint).Serialize().ToString()));

    [Theory]
    [InlineData("")]
    [InlineData("Unix:16:{0,1}")]
    [InlineData("InterNetwork:16:")]
    [InlineData("InterNetwork:16:{0,80,10,96,0}")]
    [InlineData("InterNetwork:16:{0,80,10,96,0,500,0}")]
    [InlineData("InterNetworkV6:28:{0,80,0,0,0,0,0}")]
    public void OtherText_IsNoEndPoint(string text) => Assert.Equal("", SocketAddressText.EndPoint(text));

    [Fact]
    public async Task MethodsOfTheCompiler_AreCalledAsInTheSource()
    {
        const string Type = "Telelaunch.StartupHook.Tests.NameTests.";
        Assert.Equal($"{Type}Plain", Plain());
        Assert.Equal($"{Type}AfterAwaitAsync", await AfterAwaitAsync());
        Func<string?> lambda = () => UserFrame();
        Assert.Equal($"{Type}MethodsOfTheCompiler_AreCalledAsInTheSource", lambda());
        Assert.Equal($"{Type}Local", Local());

        [MethodImpl(MethodImplOptions.NoInlining)]
        static string? Local() => UserFrame();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string? Plain() => UserFrame();

    private static async Task<string?> AfterAwaitAsync()
    {
        await Task.Yield();
        return UserFrame();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string? UserFrame() => new System.Diagnostics.StackTrace(1).GetFrame(0)?.GetMethod() is { } method ? MethodName.Of(method) : null;
}
