namespace Telelaunch.Broker;

/// <summary>What a request of the shim asks for; native-shim/README.md describes each.</summary>
internal enum ControlKind : byte
{
    Dial = 1,
    Flow = 2,
    LookUp = 3,
    Reverse = 4,
    Query = 5,
    Listening = 6,
    File = 7,
    Hello = 8,
    Trace = 9,
}

/// <summary>Numbers of the control protocol, the same as in native-shim/include/protocol.h.</summary>
internal static class ControlProtocol
{
    internal const byte Version = 1;

    /// <summary>VERSION 1 | KIND 1 | FLAGS 2, and VERSION 1 | STATUS 1 | ZERO 2.</summary>
    internal const int HeaderLength = 4;

    internal const int MaximumLength = 65_536;

    internal const ushort DialNonBlocking = 1;
    internal const ushort DialWait = 2;

    internal const ushort LookUpA = 1;
    internal const ushort LookUpAaaa = 2;

    internal const ushort QuerySearch = 1;

    internal const byte FlowKnown = 0;
    internal const byte FlowUnknown = 1;
}
