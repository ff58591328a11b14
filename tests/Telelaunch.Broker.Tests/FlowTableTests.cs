using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

public class FlowTableTests
{
    private readonly FlowTable _table = new();

    [Fact]
    public void RepeatedConnect_ToTheSameDestination_IsOneFlow()
    {
        using AppFlow first = Flow(1, 80);
        using AppFlow second = Flow(1, 80);
        Assert.True(_table.TryBegin(first));
        Assert.False(_table.TryBegin(second));
        Assert.Same(first, _table.Find(1));
    }

    [Fact]
    public void ConnectElsewhere_SupersedesTheDialUnderWay()
    {
        using AppFlow first = Flow(1, 80);
        using AppFlow second = Flow(1, 81);
        _table.TryBegin(first);

        Assert.True(_table.TryBegin(second));

        Assert.True(first.Cancelled.IsCancellationRequested);
        _table.Remove(first);
        Assert.Same(second, _table.Find(1));
    }

    [Fact]
    public void AfterTheDial_TheSocketMayConnectAgain()
    {
        using AppFlow first = Flow(1, 80);
        using AppFlow second = Flow(1, 80);
        _table.TryBegin(first);
        _table.EndDial(first, Errno.ECONNREFUSED);

        Assert.True(_table.TryBegin(second));
        Assert.False(first.Cancelled.IsCancellationRequested);
    }

    [Fact]
    public void Errno_IsTakenOnce()
    {
        using AppFlow flow = Flow(1, 80);
        _table.TryBegin(flow);
        _table.EndDial(flow, Errno.ETIMEDOUT);
        Assert.Equal(Errno.ETIMEDOUT, flow.TakeErrno());
        Assert.Equal(0, flow.TakeErrno());
    }

    [Fact]
    public void FailuresThatNobodyAsksFor_AreBounded()
    {
        for (ulong cookie = 0; cookie < FlowTable.MaximumUnaskedFailures + 100; cookie++)
        {
            AppFlow flow = Flow(cookie, 80);
            _table.TryBegin(flow);
            _table.EndDial(flow, Errno.ECONNREFUSED);
            flow.Dispose();
        }

        Assert.Equal(FlowTable.MaximumUnaskedFailures, _table.Count);
        Assert.Null(_table.Find(99));
        Assert.NotNull(_table.Find(100));
    }

    private static AppFlow Flow(ulong cookie, int port) => new(cookie, new IPEndPoint(IPAddress.Parse("10.96.0.1"), port), 1, "app", CancellationToken.None);
}
