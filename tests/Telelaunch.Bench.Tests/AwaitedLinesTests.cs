namespace Telelaunch.Bench.Tests;

public sealed class AwaitedLinesTests
{
    [Fact]
    public void Seen_OnceEachTextHasBeenInSomeLine_InAnyOrder()
    {
        var lines = new AwaitedLines("7001,", "7002,");

        lines.Take("debug1: success for: listen 0.0.0.0:7002, connect 127.0.0.1:40002");
        lines.Take("debug1: success for: listen 0.0.0.0:7002, connect 127.0.0.1:40002");
        Assert.False(lines.Seen.IsCompleted);

        lines.Take("debug1: success for: listen 0.0.0.0:7001, connect 127.0.0.1:40001");
        Assert.True(lines.Seen.IsCompletedSuccessfully);
    }

    [Fact]
    public void Seen_StaysSo_WhateverComesAfter()
    {
        var lines = new AwaitedLines("ready");
        lines.Take("it is ready");

        lines.Take("something else");
        lines.Take("it is ready");

        Assert.True(lines.Seen.IsCompletedSuccessfully);
    }
}
