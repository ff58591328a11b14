using System;
using System.IO;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Telelaunch.StartupHook;

// VERSION 1 | KIND 1 | FLAGS 2 | SOURCE 1 | ZERO 3 | STATUS 4 | COUNT 4 | runtime NUL application NUL; see native-shim/README.md.

/// <summary>The packet that says "in": this process, its runtime and its application.</summary>
internal static class Hello
{
    internal const byte Version = 1;

    private const byte Kind = 8;
    private const byte SourceHook = 1;
    private const int TextStart = 16;
    private const int MaximumTextLength = 1024;

    internal static byte[] Packet()
    {
        string text = Bounded(RuntimeInformation.FrameworkDescription) + "\0" + Bounded(ApplicationName()) + "\0";
        byte[] packet = new byte[TextStart + Encoding.UTF8.GetByteCount(text)];
        packet[0] = Version;
        packet[1] = Kind;
        packet[4] = SourceHook;
        Encoding.UTF8.GetBytes(text, 0, text.Length, packet, TextStart);
        return packet;
    }

    /// <summary>The entry assembly's name; where that isn't known yet, the file that was started.</summary>
    private static string ApplicationName() =>
        Assembly.GetEntryAssembly()?.GetName().Name ?? Path.GetFileNameWithoutExtension(Environment.GetCommandLineArgs()[0]);

    private static string Bounded(string text) => (text.Length > MaximumTextLength ? text.Substring(0, MaximumTextLength) : text).Replace('\0', '?');
}
