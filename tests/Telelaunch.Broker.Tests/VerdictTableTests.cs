using System.Buffers.Binary;
using System.Net;
using System.Text;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

public sealed class VerdictTableTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tl").FullName;
    private readonly string _path;
    private readonly VerdictTable _table;

    public VerdictTableTests()
    {
        _path = Path.Combine(_directory, "table");
        _table = new VerdictTable(_path);
    }

    public void Dispose()
    {
        _table.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void NewTable_HasMagicVersionAndLength_AndIsntActive()
    {
        byte[] bytes = Read();

        Assert.Equal(1024 * 1024, bytes.Length);
        Assert.Equal("TLTABLE\0", Encoding.ASCII.GetString(bytes, 0, 8));
        Assert.Equal(1u, UInt32(bytes, 8));
        Assert.Equal(0u, UInt32(bytes, 12));
        Assert.Equal(0u, UInt32(bytes, 16));
    }

    [Fact]
    public void Header_IsLaidOutAsTheContractSays()
    {
        _table.WriteHeader(new VerdictHeader(VerdictFlags.Active | VerdictFlags.HeldSyn6, 0x1234, 0xABCD, IPAddress.Parse("10.244.0.9"), IPAddress.Parse("fd00::9")));

        byte[] bytes = Read();
        Assert.Equal(2u, UInt32(bytes, 12));
        Assert.Equal(5u, UInt32(bytes, 16));
        Assert.Equal("1234", Convert.ToHexString(bytes, 20, 2));
        Assert.Equal("ABCD", Convert.ToHexString(bytes, 22, 2));
        Assert.Equal("0AF40009", Convert.ToHexString(bytes, 24, 4));
        Assert.Equal("FD000000000000000000000000000009", Convert.ToHexString(bytes, 28, 16));
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("web-0", "web-0")]
    [InlineData("a23456789-123456789-123456789-123456789-123456789-123456789-12-x", "a23456789-123456789-123456789-123456789-123456789-123456789-12")]
    public void HostName_IsCutAsTheKubeletCutsIt(string? name, string written)
    {
        _table.WriteHostName("what-was-there-before-and-is-longer");
        _table.WriteHostName(name);

        Assert.Equal(written, Encoding.ASCII.GetString(Read(), 12864, 64).TrimEnd('\0'));
    }

    [Fact]
    public void MoreMountsThanFit_AreRefused()
    {
        string path = "/" + new string('a', 200);
        MountedVolume[] mounts = [.. Enumerable.Range(0, 20).Select(i => new MountedVolume($"{path}{i}", false, false, true))];

        UsageException error = Assert.Throws<UsageException>(() => _table.WriteMounts(new MountedVolumes("/root", null, null, mounts)));

        Assert.Equal("too-many-mounts", error.Code);
        Assert.Equal(0, Read()[12928]);
    }

    [Fact]
    public void Ranges_AndNameServers_AreLaidOutAsTheContractSays()
    {
        _table.WriteRanges(AddressRanges.Create([AddressRange.Parse("10.96.0.0/12")], [AddressRange.Parse("fd00::/64")]));
        _table.WriteNameServers([new ListedNameServer(IPAddress.Parse("10.96.0.10"), IPAddress.Parse("127.84.0.1"))]);

        byte[] bytes = Read();
        Assert.Equal(2u, UInt32(bytes, 44));
        Assert.Equal("064000" + "0000000000" + "FD000000000000000000000000000000", Convert.ToHexString(bytes, 64, 24));
        Assert.Equal("040C01" + "0000000000" + "0A600000000000000000000000000000", Convert.ToHexString(bytes, 88, 24));
        Assert.Equal(1u, UInt32(bytes, 52));
        Assert.Equal("04000000" + "7F540001" + "0A60000A000000000000000000000000", Convert.ToHexString(bytes, 12352, 24));
    }

    [Fact]
    public void Singles_AreFoundByTheirHash_AndCountedOnce()
    {
        IPAddress address = IPAddress.Parse("198.51.100.7");
        Assert.True(_table.TryAddSingle(address));
        Assert.True(_table.TryAddSingle(address));

        byte[] bytes = Read();
        int slot = VerdictTable.SlotOf(address.MapToIPv6().GetAddressBytes());
        Assert.Equal("00000000000000000000FFFFC6336407", Convert.ToHexString(bytes, 65536 + (slot * 16), 16));
        Assert.Equal(1u, UInt32(bytes, 48));
    }

    [Fact]
    public void SlotOf_IsFnv1a64()
    {
        // FNV-1a of sixteen zero bytes, by hand: the offset basis times the prime to the 16th, modulo 2^64.
        System.Numerics.BigInteger hash = System.Numerics.BigInteger.Parse("14695981039346656037", System.Globalization.CultureInfo.InvariantCulture);
        hash = hash * System.Numerics.BigInteger.Pow(1099511628211, 16) % System.Numerics.BigInteger.Pow(2, 64);
        Assert.Equal((int)(hash % 32768), VerdictTable.SlotOf(new byte[16]));
    }

    [Fact]
    public void Singles_BeyondTheBound_AreRefused_AndARewriteMakesRoom()
    {
        for (int i = 0; i < VerdictTable.MaximumSingles; i++)
            Assert.True(_table.TryAddSingle(new IPAddress(0x0100_0000L + i)));
        Assert.False(_table.TryAddSingle(IPAddress.Parse("198.51.100.7")));

        _table.WriteSingles([IPAddress.Parse("198.51.100.7")]);

        Assert.Equal(1, _table.SingleCount);
        Assert.Equal(16, Read().AsSpan(65536, 32768 * 16).ToArray().Chunk(16).Single(entry => entry.Any(part => part != 0)).Length);
    }

    [Fact]
    public void Names_AreLedByTheirKind()
    {
        var policy = new NamePolicy(TestSession.Pod, new ClusterNames(["shop"], [], ["db.example.com", "*.corp.example"]));
        _table.WriteNames(policy.Encode());

        byte[] bytes = Read();
        string names = Encoding.ASCII.GetString(bytes, 16384, (int)UInt32(bytes, 56));
        Assert.Equal(
            ["Lshop", "Lsvc", "Ndb.example.com", "Scluster.local", "Scorp.example", "Sdefault.svc.cluster.local", "Ssvc.cluster.local"],
            names.TrimEnd('\0').Split('\0').Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TooManyRanges_AreAUsageError()
    {
        AddressRanges many = AddressRanges.Create(Enumerable.Range(0, 513).Select(i => new AddressRange(new IPAddress([10, (byte)(i >> 8), (byte)i, 0]), 24)), []);
        Assert.Equal("too-many-ranges", Assert.Throws<UsageException>(() => _table.WriteRanges(many)).Code);
    }

    private static uint UInt32(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));

    private byte[] Read()
    {
        using var stream = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
