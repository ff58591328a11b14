using System.Net;
using Telelaunch.Routing.Filter;

namespace Telelaunch.Routing.Tests.Filter;

public class HeldSynsTests
{
    private readonly HeldSyns _syns = new();

    [Fact]
    public void Retransmission_OfAHeldSyn_IsOneTooMany()
    {
        Assert.Equal(SynArrival.New, Take(1, Syn(100)));
        Assert.Equal(SynArrival.Held, Take(2, Syn(100)));
        Assert.Equal(1, _syns.Count);
        Assert.Equal(1u, _syns.Decide(1, SynVerdict.Open));
        Assert.Null(_syns.Decide(1, SynVerdict.Open));
        Assert.Null(_syns.Decide(2, SynVerdict.Open));
    }

    [Fact]
    public void NewAttempt_FromTheSamePort_TakesThePlace()
    {
        Take(1, Syn(100));

        Assert.Equal(SynArrival.Replaces, _syns.Take(2, Syn(200), out uint superfluous, out _));
        Assert.Equal(1u, superfluous);
        Assert.Equal(SynArrival.Replaces, _syns.Take(3, Syn(300), out superfluous, out _));
        Assert.Equal(2u, superfluous);
        // Who decides knows it by the first number.
        Assert.Equal(3u, _syns.Decide(1, SynVerdict.Refused));
        Assert.Equal(0, _syns.Count);
    }

    [Theory]
    [InlineData(SynVerdict.Open)]
    [InlineData(SynVerdict.Refused)]
    [InlineData(SynVerdict.HostUnreachable)]
    [InlineData(SynVerdict.NetUnreachable)]
    public void Retransmission_OfADecidedSyn_GetsTheSameVerdict(SynVerdict verdict)
    {
        Take(1, Syn(100));
        _syns.Decide(1, verdict);

        Assert.Equal(SynArrival.Decided, _syns.Take(2, Syn(100), out _, out SynVerdict again));
        Assert.Equal(verdict, again);
        Assert.Equal(SynArrival.New, Take(3, Syn(101)));
    }

    [Fact]
    public void Retransmission_OfADroppedSyn_IsANewQuestion()
    {
        Take(1, Syn(100));
        _syns.Decide(1, SynVerdict.Drop);

        Assert.Equal(SynArrival.New, Take(2, Syn(100)));
    }

    [Fact]
    public void Memory_IsBounded()
    {
        for (uint i = 0; i < 10_000; i++)
        {
            Take(i, Syn(i));
            _syns.Decide(i, SynVerdict.Open);
        }

        Assert.Equal(SynArrival.Decided, Take(20_000, Syn(9_999)));
        Assert.Equal(SynArrival.New, Take(20_001, Syn(0)));
    }

    private SynArrival Take(uint packet, TcpSyn syn) => _syns.Take(packet, syn, out _, out _);

    private static TcpSyn Syn(uint sequence) => new(IPEndPoint.Parse("198.19.84.1:40000"), IPEndPoint.Parse("10.96.0.5:80"), sequence);
}
