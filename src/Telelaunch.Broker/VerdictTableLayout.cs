namespace Telelaunch.Broker;

/// <summary>Offsets of the verdict table, as native-shim/README.md draws it.</summary>
internal static class VerdictTableLayout
{
    internal const int Length = 1024 * 1024;
    internal const uint Version = 1;

    internal const int VersionOffset = 8;
    internal const int SequenceOffset = 12;
    internal const int FlagsOffset = 16;
    internal const int RelayPort4Offset = 20;
    internal const int RelayPort6Offset = 22;
    internal const int PodAddress4Offset = 24;
    internal const int PodAddress6Offset = 28;
    internal const int RangeCountOffset = 44;
    internal const int SingleCountOffset = 48;
    internal const int NameServerCountOffset = 52;
    internal const int NamesLengthOffset = 56;

    internal const int RangesOffset = 64;
    internal const int RangeLength = 24;
    internal const int MaximumRanges = 512;

    internal const int NameServersOffset = 12352;
    internal const int NameServerLength = 24;
    internal const int MaximumNameServers = 16;

    internal const int PodPortCountOffset = 12736;
    internal const int PodPortsOffset = 12740;
    internal const int MaximumPodPorts = 62;

    internal const int HostNameOffset = 12864;
    internal const int HostNameLength = 64;

    internal const int MountsOffset = 12928;
    internal const int MountsLength = 3456;
    internal const int MaximumMounts = 128;

    internal const int NamesOffset = 16384;
    internal const int NamesLength = 49152;

    internal const int SinglesOffset = 65536;
    internal const int SingleLength = 16;
    internal const int SingleSlots = 32768;

    internal static ReadOnlySpan<byte> Magic => "TLTABLE\0"u8;
}

/// <summary>FLAGS of the verdict table.</summary>
[Flags]
internal enum VerdictFlags
{
    None = 0,

    /// <summary>The broker serves.</summary>
    Active = 1,
    HeldSyn4 = 2,
    HeldSyn6 = 4,

    /// <summary>Names of several labels that match nothing are asked, because the namespaces aren't known.</summary>
    AskDotted = 8,

    /// <summary>The broker wants to hear of listening sockets.</summary>
    Listeners = 32,
}
