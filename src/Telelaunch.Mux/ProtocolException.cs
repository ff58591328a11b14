namespace Telelaunch.Mux;

/// <summary>The peer sent what the protocol doesn't allow: the carrier is closed, and all its flows are lost.</summary>
internal sealed class ProtocolException(string what) : Exception($"The peer broke the protocol: {what}.");
