using System.Net;

namespace Telelaunch.Linux;

/// <summary>A TCP socket of this network namespace in LISTEN.</summary>
/// <param name="EndPoint">What it is bound to; the unspecified address means all. IPv4-mapped addresses as IPv4.</param>
/// <param name="Cookie">Its SO_COOKIE, the same in every process that shares it; 0 where the kernel doesn't tell.</param>
/// <param name="Inode">Names it in /proc/PID/fd.</param>
/// <param name="IsV6Only">IPV6_V6ONLY of one bound to <c>::</c>: callers over IPv4 don't reach it. True where the kernel doesn't tell.</param>
public readonly record struct ListeningSocket(IPEndPoint EndPoint, ulong Cookie, uint Inode, bool IsV6Only);
