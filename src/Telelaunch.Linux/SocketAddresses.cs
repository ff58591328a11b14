using System.Buffers.Binary;
using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

/// <summary>Addresses of sockets as the kernel knows them.</summary>
public static class SocketAddresses
{
    // struct sockaddr_in6 is the largest that can come: family 2, port 2, flow 4, address 16, scope 4.
    private const int MaximumAddressLength = 28;

    /// <summary>getsockname(2). .NET's own gives an accepted socket the address of its listener, which isn't true of a transparent one.</summary>
    /// <exception cref="Win32Exception">It isn't a socket any more.</exception>
    public static IPEndPoint ReadLocalEndPoint(this Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return ReadOwn(socket.SafeHandle);
    }

    /// <summary>getsockname(2); IPv4-mapped addresses as IPv4.</summary>
    internal static unsafe IPEndPoint ReadOwn(SafeHandle socket)
    {
        byte* raw = stackalloc byte[MaximumAddressLength];
        int length = MaximumAddressLength;
        if (LibC.getsockname(socket, raw, &length) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "getsockname");
        var bytes = new ReadOnlySpan<byte>(raw, MaximumAddressLength);
        int family = BitConverter.ToUInt16(bytes);
        IPAddress address = family == LibC.AF_INET ? new IPAddress(bytes.Slice(4, 4)) : new IPAddress(bytes.Slice(8, 16));
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
    }
}
