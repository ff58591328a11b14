using System.Globalization;
using System.Net;
using System.Text;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>The layouts that exist in C and in C#, by the vectors that both test.</summary>
public sealed class GoldenVectorTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tl").FullName;

    public static TheoryData<string> Files() => ["dial.txt", "flow.txt", "lookup.txt", "reverse.txt", "query.txt", "file.txt"];

    public static TheoryData<string> RequestFiles() => [.. Files(), "listening.txt", "hello.txt", "trace.txt"];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(RequestFiles))]
    public void Requests_AreReadAsTheyAreMeant(string file)
    {
        GoldenVector[] requests = [.. GoldenVector.Read(file).Where(vector => vector["packet"] == "request" && vector["valid"] != "no")];
        Assert.NotEmpty(requests);
        foreach (GoldenVector vector in requests)
        {
            Assert.True(ControlRequest.TryParse(vector.Bytes, null, default, out ControlRequest request), vector["name"]);
            Assert.Equal(vector["kind"], request.Kind.ToString().ToUpperInvariant());
            Assert.Equal(vector["flags"], request.Flags.ToString(CultureInfo.InvariantCulture));
            if (vector.Has("endpoint"))
            {
                Assert.True(ControlEndPoint.TryRead(request.Body.Span[..ControlEndPoint.Length], out IPEndPoint endPoint), vector["name"]);
                Assert.Equal(Unmapped(vector["endpoint"]), endPoint);
            }

            if (vector.Has("cookie"))
                Assert.Equal(vector["cookie"], BitConverter.ToUInt64(request.Body.Span[^sizeof(ulong)..]).ToString(CultureInfo.InvariantCulture));
            if (vector.Has("host"))
                Assert.Equal(vector["host"], Encoding.UTF8.GetString(request.Body.Span));
            if (vector.Has("file"))
            {
                Assert.True(ControlFile.TryRead(request, out PodFileQuestion asked), vector["name"]);
                Assert.Equal((vector["file"], vector["other"]), (asked.Path, asked.NewPath ?? ""));
                Assert.Equal((vector["purpose"], vector["mode"]), ($"{(int)asked.Purpose}", Convert.ToString((int)asked.Mode, 8)));
            }

            if (vector.Has("question"))
            {
                Assert.True(DnsQuestion.TryRead(request.Body.Span, out DnsQuestion question), vector["name"]);
                Assert.Equal((vector["question"], vector["type"], vector["id"]), (question.Name, $"{(ushort)question.Type}", $"{question.Id}"));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Replies_AreWrittenAsTheyAreMeant(string file)
    {
        // Bare failures are what the shim accepts; the broker writes their TTL. It never sends mapped addresses: it unmaps what it reads.
        GoldenVector[] replies = [.. GoldenVector.Read(file).Where(vector =>
            vector["packet"] == "reply" && vector["valid"] != "no" && !vector["name"].EndsWith("-again-bare", StringComparison.Ordinal) && !vector["name"].EndsWith("-mapped", StringComparison.Ordinal))];
        Assert.NotEmpty(replies);
        foreach (GoldenVector vector in replies)
            Assert.Equal(Convert.ToHexString(vector.Bytes), Convert.ToHexString(Write(vector)));
    }

    [Fact]
    public void UnknownFlow_HasNoBody()
    {
        GoldenVector vector = GoldenVector.Read("flow.txt").Single(block => block["name"] == "flow-reply-unknown");
        Assert.Equal(vector.Bytes, ControlReply.UnknownFlow());
    }

    [Fact]
    public void Table_HasEveryRegion()
    {
        IReadOnlyList<GoldenVector> vectors = GoldenVector.Read("table.txt");
        byte[] bytes = WriteTable(vectors);

        GoldenVector header = Region(vectors, "header").Single();
        // The sequence (offset 12) and the bytes of names (56, no X entries here) depend on how it came about.
        byte[] expected = header.Bytes;
        expected.AsSpan(12, 4).Clear();
        bytes.AsSpan(12, 4).Clear();
        Assert.Equal(Convert.ToHexString(expected, 0, 56), Convert.ToHexString(bytes, 0, 56));
        Assert.Equal(
            Region(vectors, "range").Select(vector => Convert.ToHexString(vector.Bytes)).Order(),
            Enumerable.Range(0, Region(vectors, "range").Length).Select(i => Convert.ToHexString(bytes, 64 + (i * 24), 24)).Order());
        foreach (GoldenVector vector in Region(vectors, "name-server").Concat(Region(vectors, "single")).Concat(Region(vectors, "pod-ports")).Concat(Region(vectors, "host-name")).Concat(Region(vectors, "mounts")))
            Assert.Equal(Convert.ToHexString(vector.Bytes), Convert.ToHexString(bytes, int.Parse(vector["offset"], CultureInfo.InvariantCulture), vector.Bytes.Length));
    }

    [Fact]
    public async Task Addresses_AreJudgedAsInC()
    {
        IReadOnlyList<GoldenVector> vectors = GoldenVector.Read("table.txt");
        using var table = new VerdictTable(Path.Combine(_directory, "judge"));
        using var learnt = new LearntAddresses(table, Ranges(vectors));
        await learnt.LearnAsync("learnt", [.. Region(vectors, "single").Select(vector => IPAddress.Parse(vector["single"]))], CancellationToken.None);

        GoldenVector[] cases = [.. vectors.Where(vector => vector.Has("address"))];
        Assert.NotEmpty(cases);
        foreach (GoldenVector vector in cases)
            Assert.True(learnt.GoesToCluster(IPAddress.Parse(vector["address"])) == (vector["decision"] == "cluster"), vector["address"]);
    }

    [Fact]
    public void Names_AreJudgedAsInC()
    {
        PodDescription pod = TestSession.Pod with { SearchDomains = ["cluster.local"] };
        string[] also = ["db.example.com", "*.internal.example.com"];
        var known = new NamePolicy(pod, new ClusterNames(["prod"], [], also));
        var asking = new NamePolicy(pod, new ClusterNames(null, ["prod"], also));

        // X entries, "never", aren't written by the broker yet.
        GoldenVector[] cases = [.. GoldenVector.Read("table.txt").Where(vector =>
            vector.Has("host") && !vector["host"].Contains("never.example", StringComparison.OrdinalIgnoreCase) && !vector["host"].Contains("deny.", StringComparison.OrdinalIgnoreCase))];
        Assert.NotEmpty(cases);
        foreach (GoldenVector vector in cases)
        {
            NameDecision decision = (vector["ask_dotted"] == "1" ? asking : known).Decide(vector["host"]);
            Assert.True((decision != NameDecision.Host) == (vector["decision"] == "cluster"), vector["host"]);
        }
    }

    private static GoldenVector[] Region(IEnumerable<GoldenVector> vectors, string region) => [.. vectors.Where(vector => vector["region"] == region)];

    private static AddressRanges Ranges(IEnumerable<GoldenVector> vectors)
    {
        ILookup<string, AddressRange> byKind = Region(vectors, "range").ToLookup(vector => vector["kind"], vector => AddressRange.Parse(vector["range"]));
        return AddressRanges.Create(byKind["1"], byKind["0"]);
    }

    private static MountedVolumes Volumes(string list)
    {
        (char Kind, string Path)[] entries = [.. Words(list).Select(word => (word[0], word[2..]))];
        return new MountedVolumes(
            entries.Single(entry => entry.Kind == 'R').Path,
            entries.Single(entry => entry.Kind == 'L').Path,
            entries.Single(entry => entry.Kind == 'F').Path,
            [.. entries.Where(entry => "SDWsdw".Contains(entry.Kind, StringComparison.Ordinal))
                .Select(entry => new MountedVolume(entry.Path, "DWdw".Contains(entry.Kind, StringComparison.Ordinal), entry.Kind is 'W' or 'w', char.IsAsciiLetterUpper(entry.Kind)))]);
    }

    private static byte[] Write(GoldenVector vector) => vector["kind"] switch
    {
        "DIAL" => ControlReply.Dialed(Number(vector["errno"]), Number(vector["port"])),
        "FLOW" => ControlReply.Flow(Number(vector["errno"]), IPEndPoint.Parse(vector["peer"]), IPEndPoint.Parse(vector["own"])),
        "LOOKUP" => ControlReply.Addresses(new AddressLookup(
            (LookupStatus)Number(vector["status"]),
            [.. Words(vector["addresses"]).Select(IPAddress.Parse)],
            vector.Has("canonical") ? vector["canonical"] : null,
            TimeSpan.FromSeconds(Number(vector["ttl"])))),
        "REVERSE" => ControlReply.Names(new NameLookupResult((LookupStatus)Number(vector["status"]), Words(vector["names"]), TimeSpan.FromSeconds(Number(vector["ttl"])))),
        "FILE" => ControlFile.Reply(new PodFileAnswer(Number(vector["errno"]), vector["host_path"], vector["pod_path"])),
        _ => ControlReply.Answer(Convert.FromHexString(vector["message"])),
    };

    private static string[] Words(string list) => list.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static IPEndPoint Unmapped(string text)
    {
        IPEndPoint endPoint = IPEndPoint.Parse(text);
        return endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;
    }

    private byte[] WriteTable(IReadOnlyList<GoldenVector> vectors)
    {
        string path = Path.Combine(_directory, "table");
        using var table = new VerdictTable(path);
        GoldenVector header = Region(vectors, "header").Single();
        table.WriteHeader(new VerdictHeader(
            (VerdictFlags)Number(header["flags"]),
            Number(header["relay_port_4"]),
            Number(header["relay_port_6"]),
            IPAddress.Parse(header["pod_address_4"]),
            IPAddress.Parse(header["pod_address_6"])));
        table.WriteRanges(Ranges(vectors));
        table.WriteNameServers([.. Region(vectors, "name-server").Select(vector => new ListedNameServer(IPAddress.Parse(vector["server_address"]), IPAddress.Parse(vector["loopback_address"])))]);
        table.WriteHostName(Region(vectors, "host-name").Single()["host_name"]);
        table.WriteMounts(Volumes(Region(vectors, "mounts").Single()["mounts"]));
        table.WritePodPorts([.. Words(Region(vectors, "pod-ports").Single()["pod_ports"]).Select(Number)]);
        foreach (GoldenVector vector in Region(vectors, "single"))
            Assert.True(table.TryAddSingle(IPAddress.Parse(vector["single"])));
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
