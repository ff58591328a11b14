using ARSoft.Tools.Net;
using ARSoft.Tools.Net.Dns;
using Telelaunch.Playground.Node.Dns;

namespace Telelaunch.Playground.Tests.Node;

public sealed class ClusterZoneTests
{
    private readonly ClusterZone _zone = new(
        [
            RunningPlayground.Json("""{"metadata": {"name": "db", "namespace": "n"}, "spec": {"clusterIP": "10.96.1.2", "ports": [{"name": "sql", "port": 5432, "protocol": "TCP"}]}}"""),
            RunningPlayground.Json("""{"metadata": {"name": "web", "namespace": "n"}, "spec": {"clusterIP": "None", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}}"""),
            RunningPlayground.Json("""{"metadata": {"name": "out", "namespace": "n"}, "spec": {"type": "ExternalName", "externalName": "example.com"}}"""),
        ],
        [
            RunningPlayground.Json("""
                {"metadata": {"namespace": "n", "labels": {"kubernetes.io/service-name": "web"}}, "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
                 "endpoints": [{"addresses": ["10.244.0.2"], "hostname": "web-0", "conditions": {"ready": true}}, {"addresses": ["10.244.0.3"], "hostname": "web-1", "conditions": {"ready": true}}]}
                """),
        ],
        ["n"]);

    [Theory]
    [InlineData("db.n.svc.cluster.local", RecordType.A, "10.96.1.2")]
    [InlineData("DB.N.SVC.cluster.local", RecordType.A, "10.96.1.2")]
    [InlineData("web.n.svc.cluster.local", RecordType.A, "10.244.0.2 10.244.0.3")]
    [InlineData("web-1.web.n.svc.cluster.local", RecordType.A, "10.244.0.3")]
    [InlineData("10-244-0-9.n.pod.cluster.local", RecordType.A, "10.244.0.9")]
    [InlineData("_sql._tcp.db.n.svc.cluster.local", RecordType.Srv, "db.n.svc.cluster.local.:5432")]
    [InlineData("2.1.96.10.in-addr.arpa", RecordType.Ptr, "db.n.svc.cluster.local.")]
    [InlineData("3.0.244.10.in-addr.arpa", RecordType.Ptr, "web-1.web.n.svc.cluster.local.")]
    [InlineData("db.n.svc.cluster.local", RecordType.Aaaa, "")]
    [InlineData("n.svc.cluster.local", RecordType.A, "")]
    [InlineData("nosuch.n.svc.cluster.local", RecordType.A, null)]
    [InlineData("web-2.web.n.svc.cluster.local", RecordType.A, null)]
    [InlineData("10-244-0-9.other.pod.cluster.local", RecordType.A, null)]
    [InlineData("9.0.244.10.in-addr.arpa", RecordType.Ptr, null)]
    public void Names_FollowTheSchema(string name, RecordType type, string? expected)
    {
        Assert.True(ClusterZone.IsOwn(DomainName.Parse(name)));
        var answer = _zone.Answer(DomainName.Parse(name), type);

        Assert.Equal(expected is not null, answer.Exists);
        Assert.Equal(expected ?? "", string.Join(' ', answer.Records.Select(Text).Order()));
    }

    [Fact]
    public void ExternalName_IsAnAliasToBeResolvedElsewhere()
    {
        var answer = _zone.Answer(DomainName.Parse("out.n.svc.cluster.local"), RecordType.A);

        Assert.Equal(DomainName.Parse("example.com"), answer.Alias);
        Assert.IsType<CNameRecord>(Assert.Single(answer.Records));
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("hello")]
    [InlineData("1.1.168.192.in-addr.arpa")]
    public void OtherNames_AreForwarded(string name) => Assert.False(ClusterZone.IsOwn(DomainName.Parse(name)));

    [Fact]
    public void AnswerThatDoesNotFit_IsTruncated()
    {
        var message = new DnsMessage();
        message.Questions.Add(new(DomainName.Parse("x.example"), RecordType.A, RecordClass.INet));
        for (byte i = 0; i < 100; i++)
            message.AnswerRecords.Add(new ARecord(DomainName.Parse("x.example"), 5, new([10, 0, 0, i])));
        var bytes = DnsWire.EncodeForUdp(message, DnsWire.ClassicSize);

        Assert.InRange(bytes.Length, 400, 512);
        Assert.True(DnsMessage.Parse(bytes).IsTruncated);
    }

    private static string Text(DnsRecordBase record) => record switch
    {
        ARecord a => a.Address.ToString(),
        SrvRecord srv => $"{srv.Target}:{srv.Port}",
        PtrRecord ptr => ptr.PointerDomainName.ToString(),
        _ => record.ToString(),
    };
}
