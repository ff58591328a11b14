using Microsoft.Extensions.Time.Testing;
using Telelaunch.Mux.Carriers;
using Telelaunch.Mux.Flows;
using Xunit;

namespace Telelaunch.Mux.Tests.Flows;

public class FlowReceiverTests
{
    private static readonly TimeSpan s_distance = TimeSpan.FromMilliseconds(20);

    private readonly FakeTimeProvider _time = new();
    private readonly FlowReceiver _receiver;
    private readonly RoundTrip _roundTrip;
    private int _credit = FlowReceiver.InitialWindow;

    public FlowReceiverTests()
    {
        _roundTrip = new RoundTrip(new CarrierWriter(Stream.Null), _time);
        var options = new MuxOptions { TimeProvider = _time };
        _receiver = new FlowReceiver(new WindowBudget(options.WindowBudget), _roundTrip, options, bytes => _credit += bytes);
        long asked = _time.GetTimestamp();
        _roundTrip.Ping();
        _time.Advance(s_distance);
        _roundTrip.OnPong(asked);
    }

    [Fact]
    public async Task WindowThatLimitsTheFlow_GrowsToTheLargest()
    {
        // All that is allowed comes at once, then nothing until the credit for it has made the way back: the sender always waits.
        for (int i = 0; i < 40; i++)
        {
            await ReceiveAsync(_credit);
            _time.Advance(s_distance);
        }

        Assert.Equal(new MuxOptions().MaxWindow, _credit);
    }

    [Fact]
    public async Task FastFlowOverAShortDistance_KeepsTheFreeWindow()
    {
        for (int i = 0; i < 40; i++)
        {
            await ReceiveAsync(_credit);
            _time.Advance(3 * s_distance);
        }

        Assert.Equal(FlowReceiver.FreeWindow, _credit);
    }

    [Fact]
    public void Pong_CountsOnce_AndTheShortestStays()
    {
        Assert.Equal(s_distance, _roundTrip.Shortest);
        long asked = _time.GetTimestamp();
        _roundTrip.Ping();
        _time.Advance(TimeSpan.FromMilliseconds(5));
        _roundTrip.OnPong(asked + 1);
        Assert.Equal(s_distance, _roundTrip.Shortest);
        _roundTrip.OnPong(asked);
        Assert.Equal(TimeSpan.FromMilliseconds(5), _roundTrip.Shortest);
        _roundTrip.OnPong(asked);
        Assert.Equal(TimeSpan.FromMilliseconds(5), _roundTrip.Shortest);
    }

    /// <summary>Takes so many bytes in frames as they come, and reads them at once.</summary>
    private async Task ReceiveAsync(int bytes)
    {
        var buffer = new byte[64 * 1024];
        while (bytes > 0)
        {
            int count = Math.Min(bytes, buffer.Length);
            _credit -= count;
            bytes -= count;
            _receiver.OnData(buffer.AsSpan(0, count));
            Assert.Equal(count, await _receiver.ReadAsync(buffer, CancellationToken.None));
        }
    }
}
