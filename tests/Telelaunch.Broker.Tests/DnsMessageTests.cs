using System.Net;
using ARSoft.Tools.Net.Dns;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>What is written by hand is read by ARSoft.Tools.Net, and hostile bytes are refused.</summary>
public class DnsMessageTests
{
    [Fact]
    public void Question_IsRead()
    {
        Assert.True(DnsQuestion.TryRead(Query("Hello.Default", RecordType.AAAA), out DnsQuestion question));
        Assert.Equal((0x1234, "hello.default", RecordType.AAAA, (ushort)1), (question.Id, question.Name, question.Type, question.Class));
    }

    [Fact]
    public void Addresses_KeepTheirOrder_BehindACname()
    {
        byte[] query = Query("hello", RecordType.A);
        DnsQuestion.TryRead(query, out DnsQuestion question);
        var lookup = new AddressLookup(
            LookupStatus.Found,
            [IPAddress.Parse("10.96.0.9"), IPAddress.Parse("fd00::1"), IPAddress.Parse("10.96.0.1")],
            "hello.default.svc.cluster.local",
            TimeSpan.FromSeconds(7));

        DnsMessage answer = DnsMessage.Parse(DnsAnswer.Addresses(query, question, lookup));

        Assert.Equal((0x1234, ReturnCode.NoError, true), (answer.TransactionID, answer.ReturnCode, answer.IsRecursionAllowed));
        CNameRecord alias = Assert.IsType<CNameRecord>(answer.AnswerRecords[0]);
        Assert.Equal("hello.default.svc.cluster.local.", alias.CanonicalName.ToString());
        ARecord[] records = [.. answer.AnswerRecords.OfType<ARecord>()];
        Assert.Equal(["10.96.0.9", "10.96.0.1"], records.Select(record => record.Address.ToString()));
        Assert.All(records, record => Assert.Equal((alias.CanonicalName, 7), (record.Name, record.TimeToLive)));
    }

    [Theory]
    [InlineData(LookupStatus.NoName, ReturnCode.NxDomain)]
    [InlineData(LookupStatus.NoData, ReturnCode.NoError)]
    [InlineData(LookupStatus.TryAgain, ReturnCode.ServerFailure)]
    public void Failures_HaveTheirCode(LookupStatus status, ReturnCode expected)
    {
        byte[] query = Query("hello", RecordType.A);
        DnsQuestion.TryRead(query, out DnsQuestion question);

        DnsMessage answer = DnsMessage.Parse(DnsAnswer.Addresses(query, question, AddressLookup.Failed(status)));

        Assert.Equal(expected, answer.ReturnCode);
        Assert.Empty(answer.AnswerRecords);
    }

    [Fact]
    public void MoreThanADatagramHolds_IsTruncatedAndSaysSo()
    {
        byte[] query = Query("web", RecordType.A);
        DnsQuestion.TryRead(query, out DnsQuestion question);
        IPAddress[] many = [.. Enumerable.Range(0, 100).Select(i => new IPAddress([10, 0, 0, (byte)i]))];

        ReadOnlyMemory<byte> bytes = DnsAnswer.Fit(DnsAnswer.Addresses(query, question, new AddressLookup(LookupStatus.Found, many, null, TimeSpan.Zero)), query);

        DnsMessage answer = DnsMessage.Parse(bytes.ToArray());
        Assert.True(bytes.Length <= 512);
        Assert.True(answer.IsTruncated);
        Assert.NotEmpty(answer.AnswerRecords);
    }

    /// <summary>255 octets, the root's among them, are 253 characters (RFC 1035 §2.3.4).</summary>
    [Fact]
    public void LongestName_IsRead_AndOneMoreOctetIsNot()
    {
        byte[] query = Query(Name(61), RecordType.A);
        Assert.True(DnsQuestion.TryRead(query, out DnsQuestion question));
        Assert.True(DnsQuestion.TryEncodeName(question.Name, out _));
        query[12 + 192] = 62;
        Assert.False(DnsQuestion.TryRead([.. query[..205], (byte)'b', .. query[205..]], out _));
    }

    [Fact]
    public void AliasThatDoesNotFit_IsTruncated()
    {
        byte[] query = Query(Name(61), RecordType.A);
        DnsQuestion.TryRead(query, out DnsQuestion question);
        ReadOnlyMemory<byte> bytes = DnsAnswer.Fit(DnsAnswer.Addresses(query, question, new AddressLookup(LookupStatus.Found, [IPAddress.Parse("10.96.0.1")], "c" + Name(60)[1..], TimeSpan.Zero)), query);

        DnsMessage answer = DnsMessage.Parse(bytes.ToArray());
        Assert.True(bytes.Length <= 512);
        Assert.True(answer.IsTruncated);
        Assert.Empty(answer.AnswerRecords);
    }

    private static string Name(int lastLabel) => string.Join('.', Enumerable.Repeat(new string('a', 63), 3)) + "." + new string('b', lastLabel);

    [Fact]
    public void EveryPrefixOfAQuery_IsRefused()
    {
        byte[] query = Query("hello.default", RecordType.A);
        for (int length = 0; length < query.Length; length++)
            Assert.False(DnsQuestion.TryRead(query.AsSpan(0, length), out _));
    }

    [Theory]
    [InlineData("12348100000100000000000005" + "68656C6C6F" + "0000010001")]
    [InlineData("12340800000100000000000005" + "68656C6C6F" + "0000010001")]
    [InlineData("12340100000200000000000005" + "68656C6C6F" + "0000010001")]
    [InlineData("123401000001000000000000C00C00010001")]
    [InlineData("12340100000100000000000005" + "682E6C6C6F" + "0000010001")]
    [InlineData("1234010000010000000000003F" + "68656C6C6F" + "0000010001")]
    public void NotAPlainQuestion_IsRefused(string hex) => Assert.False(DnsQuestion.TryRead(Convert.FromHexString(hex), out _));

    [Theory]
    [InlineData("1.0.96.10.in-addr.arpa", "10.96.0.1")]
    [InlineData("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", "fd00::1")]
    [InlineData("96.10.in-addr.arpa", null)]
    [InlineData("x.0.96.10.in-addr.arpa", null)]
    [InlineData("1.0.ip6.arpa", null)]
    public void ReverseAddress(string name, string? expected)
    {
        DnsQuestion.TryRead(Query(name, RecordType.PTR), out DnsQuestion question);
        Assert.Equal(expected, question.ReverseAddress()?.ToString());
    }

    [Fact]
    public void Rename_KeepsWhatStandsBehindTheQuestion()
    {
        byte[] query = [.. Query("hello", RecordType.A), 0xEE, 0xFF];
        DnsQuestion.TryRead(query, out DnsQuestion question);

        Assert.True(DnsQuestion.TryRename(query, question, "hello.default.svc.cluster.local", out byte[] renamed));

        Assert.True(DnsQuestion.TryRead(renamed, out DnsQuestion again));
        Assert.Equal("hello.default.svc.cluster.local", again.Name);
        Assert.Equal([0xEE, 0xFF], renamed[again.End..]);
    }

    internal static byte[] Query(string name, RecordType type)
    {
        Assert.True(DnsQuestion.TryEncodeName(name, out byte[] encoded));
        return [0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, .. encoded, (byte)((ushort)type >> 8), (byte)type, 0, 1];
    }
}
