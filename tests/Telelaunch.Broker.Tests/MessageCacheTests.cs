using ARSoft.Tools.Net.Dns;
using Microsoft.Extensions.Time.Testing;
using Telelaunch.Net.Tests.Dns;

namespace Telelaunch.Broker.Tests;

public class MessageCacheTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly MessageCache _cache;
    private int _asked;

    public MessageCacheTests() => _cache = new MessageCache(_time);

    [Fact]
    public async Task Answer_AgesUntilItsTimeToLive_UnderTheAskersNumber()
    {
        byte[] query = DnsMessageTests.Query("hello", RecordType.TXT);
        byte[] other = [0x77, 0x77, .. query[2..]];
        Assert.Equal(5, (await AskAsync(query)).AnswerRecords.Single().TimeToLive);
        _time.Advance(TimeSpan.FromSeconds(3));

        DnsMessage kept = await AskAsync(other);

        Assert.Equal((0x7777, 2, 1), (kept.TransactionID, kept.AnswerRecords.Single().TimeToLive, _asked));
        _time.Advance(TimeSpan.FromSeconds(2));
        await AskAsync(query);
        Assert.Equal(2, _asked);
    }

    [Theory]
    [InlineData(DnsAnswer.NoSuchName, true, 1)]
    [InlineData(DnsAnswer.NoError, true, 1)]
    [InlineData(DnsAnswer.NoSuchName, false, 2)]
    [InlineData(DnsAnswer.ServerFailure, true, 2)]
    public async Task No_IsKeptAsLongAsItsSoaSays_AndAFailureNever(int code, bool soa, int asked)
    {
        byte[] query = DnsMessageTests.Query("nobody", RecordType.TXT);
        await AskAsync(query, code, soa);
        // MINIMUM is 5 s, the SOA's own TTL 60 s.
        _time.Advance(TimeSpan.FromSeconds(4));
        await AskAsync(query, code, soa);
        Assert.Equal(asked, _asked);
        _time.Advance(TimeSpan.FromSeconds(1));
        await AskAsync(query, code, soa);
        Assert.Equal(asked == 1 ? 2 : 3, _asked);
    }

    private async Task<DnsMessage> AskAsync(byte[] query, int code = DnsAnswer.NoError, bool soa = false)
    {
        ReadOnlyMemory<byte> answer = await _cache.GetAsync(
            query,
            () =>
            {
                _asked++;
                byte[] reply = TestNameServer.Reply(query, code, code == DnsAnswer.NoError && !soa ? [("hello", RecordType.TXT, TestNameServer.Text("x"))] : [], soa);
                return Task.FromResult<ReadOnlyMemory<byte>>(reply);
            },
            CancellationToken.None);
        return DnsMessage.Parse(answer.ToArray());
    }
}
