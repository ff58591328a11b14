namespace Telelaunch.Mux.Frames;

/// <summary>TYPE of a frame, numbered as in README.md.</summary>
internal enum FrameType : byte
{
    Open = 1,
    Opened = 2,
    Failed = 3,
    Data = 4,
    Credit = 5,
    Fin = 6,
    Rst = 7,
    Ping = 8,
    Pong = 9,
    Listen = 10,
    Listening = 11,
    Accepted = 12,
    Datagram = 13,
    Resolve = 14,
    Resolved = 15,
    Pod = 16,
    GoAway = 17,
    Environment = 18,
}
