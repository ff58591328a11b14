using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Telelaunch.Net;
using Layout = Telelaunch.Broker.VerdictTableLayout;

namespace Telelaunch.Broker;

/// <summary>What the shim is told about ports and the pod.</summary>
internal sealed record VerdictHeader(VerdictFlags Flags, int RelayPort4, int RelayPort6, IPAddress? PodAddress4, IPAddress? PodAddress6);

/// <summary>A name server of the list and the loopback address on which the broker answers in its place.</summary>
internal readonly record struct ListedNameServer(IPAddress Address, IPAddress Loopback);

/// <summary>The table in shared memory by which every shim decides without asking: one writer, any number of readers.</summary>
/// <remarks>
/// A seqlock: SEQUENCE is odd while anything changes. Readers that see it odd, or changed afterwards, read again; so every change is short and
/// nothing waits inside one.
/// </remarks>
internal sealed unsafe class VerdictTable : ISingleRoutes, IDisposable
{
    /// <summary>More would make probing slow: half of the slots.</summary>
    internal const int MaximumSingles = Layout.SingleSlots / 2;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Lock _lock = new();
    private readonly byte* _table;
    private bool _disposed;

    /// <param name="path">A file that doesn't exist yet, in a directory of the session's own.</param>
    internal VerdictTable(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        var stream = new FileStream(path, options);
        stream.SetLength(Layout.Length);
        _file = MemoryMappedFile.CreateFromFile(stream, null, Layout.Length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, Layout.Length);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _table);
        BinaryPrimitives.WriteUInt32LittleEndian(At(Layout.VersionOffset, 4), Layout.Version);
        // The magic comes last: a reader that finds it finds the rest.
        Thread.MemoryBarrier();
        Layout.Magic.CopyTo(At(0, 8));
    }

    int ISingleRoutes.Capacity => MaximumSingles;

    // In one rewrite instead of one an address.
    int ISingleRoutes.Forgets => MaximumSingles / 2;

    /// <summary>Addresses learnt so far.</summary>
    internal int SingleCount
    {
        get
        {
            lock (_lock)
                return _disposed ? 0 : (int)BinaryPrimitives.ReadUInt32LittleEndian(At(Layout.SingleCountOffset, 4));
        }
    }

    internal void WriteHeader(VerdictHeader header) => Change(() =>
    {
        BinaryPrimitives.WriteUInt32LittleEndian(At(Layout.FlagsOffset, 4), (uint)header.Flags);
        BinaryPrimitives.WriteUInt16BigEndian(At(Layout.RelayPort4Offset, 2), (ushort)header.RelayPort4);
        BinaryPrimitives.WriteUInt16BigEndian(At(Layout.RelayPort6Offset, 2), (ushort)header.RelayPort6);
        At(Layout.PodAddress4Offset, 20).Clear();
        header.PodAddress4?.TryWriteBytes(At(Layout.PodAddress4Offset, 4), out _);
        header.PodAddress6?.TryWriteBytes(At(Layout.PodAddress6Offset, 16), out _);
    });

    /// <exception cref="UsageException">More ranges than the table holds.</exception>
    internal void WriteRanges(AddressRanges ranges)
    {
        if (ranges.All.Length > Layout.MaximumRanges)
        {
            throw new UsageException(
                "too-many-ranges",
                $"{ranges.All.Length} address ranges are more than the {Layout.MaximumRanges} that a session can follow.",
                "Name wider ranges with --also-proxy and --never-proxy.");
        }

        Change(() =>
        {
            Span<byte> area = At(Layout.RangesOffset, Layout.MaximumRanges * Layout.RangeLength);
            area.Clear();
            for (int i = 0; i < ranges.All.Length; i++)
            {
                KindedRange entry = ranges.All[i];
                Span<byte> slot = area.Slice(i * Layout.RangeLength, Layout.RangeLength);
                slot[0] = Family(entry.Range.Network);
                slot[1] = (byte)entry.Range.PrefixLength;
                slot[2] = (byte)entry.Kind;
                entry.Range.Network.TryWriteBytes(slot[8..], out _);
            }

            BinaryPrimitives.WriteUInt32LittleEndian(At(Layout.RangeCountOffset, 4), (uint)ranges.All.Length);
        });
    }

    internal void WriteNameServers(IReadOnlyList<ListedNameServer> servers)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(servers.Count, Layout.MaximumNameServers);
        Change(() =>
        {
            Span<byte> area = At(Layout.NameServersOffset, Layout.MaximumNameServers * Layout.NameServerLength);
            area.Clear();
            for (int i = 0; i < servers.Count; i++)
            {
                Span<byte> slot = area.Slice(i * Layout.NameServerLength, Layout.NameServerLength);
                slot[0] = Family(servers[i].Address);
                servers[i].Loopback.TryWriteBytes(slot[4..], out _);
                servers[i].Address.TryWriteBytes(slot[8..], out _);
            }

            BinaryPrimitives.WriteUInt32LittleEndian(At(Layout.NameServerCountOffset, 4), (uint)servers.Count);
        });
    }

    /// <summary>Ports of loopback that are the pod's (<c>--to-pod</c>), at most <see cref="Layout.MaximumPodPorts"/>.</summary>
    internal void WritePodPorts(IReadOnlyList<int> ports)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ports.Count, Layout.MaximumPodPorts);
        Change(() =>
        {
            Span<byte> area = At(Layout.PodPortsOffset, Layout.MaximumPodPorts * sizeof(ushort));
            area.Clear();
            for (int i = 0; i < ports.Count; i++)
                BinaryPrimitives.WriteUInt16BigEndian(area[(i * sizeof(ushort))..], (ushort)ports[i]);
            BinaryPrimitives.WriteUInt32LittleEndian(At(Layout.PodPortCountOffset, 4), (uint)ports.Count);
        });
    }

    /// <param name="hostName">Null: the machine's own.</param>
    internal void WriteHostName(string? hostName) => Change(() =>
    {
        Span<byte> area = At(Layout.HostNameOffset, Layout.HostNameLength);
        area.Clear();
        byte[] name = Encoding.UTF8.GetBytes(hostName ?? "");
        // The kubelet cuts a pod's name like this (HOST_NAME_MAX is 64), and a name must not end in a dot or a dash.
        name.AsSpan(0, Math.Min(name.Length, Layout.HostNameLength - 1)).TrimEnd("-."u8).CopyTo(area);
    });

    /// <summary>KIND 1 | path | NUL, ended by an empty one.</summary>
    /// <exception cref="UsageException">More than fits.</exception>
    internal void WriteMounts(MountedVolumes? volumes)
    {
        using var list = new MemoryStream();
        if (volumes is not null)
        {
            Add('R', volumes.Root);
            if (volumes.RootLink is string link)
                Add('L', link);
            if (volumes.Fetched is string fetched)
                Add('F', fetched);
            foreach (MountedVolume mount in volumes.Mounts)
            {
                char kind = !mount.IsOnDemand ? 'S' : mount.IsWritable ? 'W' : 'D';
                Add(mount.IsAtOwnPath ? kind : char.ToLowerInvariant(kind), mount.Path);
            }
        }

        if (list.Length >= Layout.MountsLength || volumes?.Mounts.Count > Layout.MaximumMounts)
        {
            throw new UsageException(
                "too-many-mounts",
                $"The {volumes?.Mounts.Count} mounts of the container have paths of {list.Length} bytes, more than the {Layout.MountsLength} that a session can follow.",
                "Start with --mount false.");
        }

        Change(() =>
        {
            Span<byte> area = At(Layout.MountsOffset, Layout.MountsLength);
            area.Clear();
            list.GetBuffer().AsSpan(0, (int)list.Length).CopyTo(area);
        });

        void Add(char kind, string path)
        {
            list.WriteByte((byte)kind);
            list.Write(Encoding.UTF8.GetBytes(path));
            list.WriteByte(0);
        }
    }

    /// <param name="names">Entries as <see cref="NamePolicy.Encode"/> writes them.</param>
    internal void WriteNames(ReadOnlyMemory<byte> names)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(names.Length, Layout.NamesLength);
        Change(() =>
        {
            Span<byte> area = At(Layout.NamesOffset, Layout.NamesLength);
            names.Span.CopyTo(area);
            area[names.Length..].Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(At(Layout.NamesLengthOffset, 4), (uint)names.Length);
        });
    }

    /// <summary>Adds an address to those that go to the cluster one by one. False when there is no room.</summary>
    internal bool TryAddSingle(IPAddress address)
    {
        bool added = false;
        Change(() =>
        {
            uint count = BinaryPrimitives.ReadUInt32LittleEndian(At(Layout.SingleCountOffset, 4));
            if (count >= MaximumSingles)
                return;
            added = true;
            if (Insert(address))
                BinaryPrimitives.WriteUInt32LittleEndian(At(Layout.SingleCountOffset, 4), count + 1);
        });
        return added;
    }

    ValueTask ISingleRoutes.ChangeAsync(IReadOnlyList<IPAddress> added, IReadOnlyList<IPAddress> forgotten, IReadOnlyCollection<IPAddress> all)
    {
        if (forgotten.Count > 0 || !added.All(TryAddSingle))
            WriteSingles(all);
        return ValueTask.CompletedTask;
    }

    /// <summary>Replaces all single addresses.</summary>
    internal void WriteSingles(IEnumerable<IPAddress> addresses) => Change(() =>
    {
        At(Layout.SinglesOffset, Layout.SingleSlots * Layout.SingleLength).Clear();
        uint count = 0;
        foreach (IPAddress address in addresses.Take(MaximumSingles))
            count += Insert(address) ? 1u : 0;
        BinaryPrimitives.WriteUInt32LittleEndian(At(Layout.SingleCountOffset, 4), count);
    });

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();
        }
    }

    /// <summary>FNV-1a with 64 bits of the address as 16 bytes (IPv4-mapped), low bits: the slot where probing starts.</summary>
    internal static int SlotOf(ReadOnlySpan<byte> address16)
    {
        ulong hash = 14695981039346656037;
        foreach (byte part in address16)
            hash = (hash ^ part) * 1099511628211;
        return (int)(hash & (Layout.SingleSlots - 1));
    }

    private static byte Family(IPAddress address) => (byte)(address.AddressFamily == AddressFamily.InterNetwork ? 4 : 6);

    private bool Insert(IPAddress address)
    {
        Span<byte> wanted = stackalloc byte[Layout.SingleLength];
        address.MapToIPv6().TryWriteBytes(wanted, out _);
        for (int slot = SlotOf(wanted); ; slot = (slot + 1) & (Layout.SingleSlots - 1))
        {
            Span<byte> entry = At(Layout.SinglesOffset + (slot * Layout.SingleLength), Layout.SingleLength);
            if (entry.SequenceEqual(wanted))
                return false;
            if (entry.IndexOfAnyExcept((byte)0) >= 0)
                continue;
            wanted.CopyTo(entry);
            return true;
        }
    }

    private void Change(Action write)
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            ref uint sequence = ref *(uint*)(_table + Layout.SequenceOffset);
            Volatile.Write(ref sequence, sequence + 1);
            // The odd number must be out before any byte of the change, which a release store alone doesn't promise.
            Thread.MemoryBarrier();
            try
            {
                write();
            }
            finally
            {
                Volatile.Write(ref sequence, sequence + 1);
            }
        }
    }

    private Span<byte> At(int offset, int length) => new(_table + offset, length);
}
