using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

/// <summary>Tells that something in a folder, or a file by itself, has been written and closed, made, renamed or removed (inotify(7)).</summary>
/// <remarks>Unlike <see cref="CloseWatch"/> it writes nothing into the folder. One thread reads and calls.</remarks>
public sealed class PathWatch : IDisposable
{
    private const uint Mask = LibC.IN_CLOSE_WRITE | LibC.IN_MOVED_FROM | LibC.IN_MOVED_TO | LibC.IN_CREATE | LibC.IN_DELETE;
    private const int EventLength = 16;
    private const int EINTR = 4;

    private readonly SafeFileHandle _inotify;
    private readonly Action<HashSet<string?>> _changed;
    private readonly Thread _reader;
    private readonly int _ender;
    private volatile bool _isEnding;

    /// <param name="changed">
    /// Called on the thread that reads with the names within folders of what has changed since the last call; a null among them: a watched file itself, or
    /// the kernel has lost events and anything may have changed. It may take its time and must not throw.
    /// </param>
    /// <exception cref="Win32Exception">The kernel gives no more watches (inotify(7), /proc interfaces).</exception>
    public PathWatch(Action<HashSet<string?>> changed)
    {
        _changed = changed;
        _inotify = LibC.inotify_init1(LibC.IN_CLOEXEC);
        // A watch that tells of nothing by itself; that it is removed ends the reading.
        if (_inotify.IsInvalid || (_ender = LibC.inotify_add_watch(_inotify, "/", LibC.IN_Q_OVERFLOW | LibC.IN_UNMOUNT)) < 0)
        {
            var error = new Win32Exception(Marshal.GetLastPInvokeError());
            _inotify.Dispose();
            throw error;
        }

        _reader = new Thread(Run) { IsBackground = true, Name = "changed paths" };
        _reader.Start();
    }

    /// <summary>Watches one more folder or file; one that is watched already stays so.</summary>
    /// <returns>0 or the errno; ENOENT: it isn't there.</returns>
    public int Add(string path) => LibC.inotify_add_watch(_inotify, path, Mask) >= 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Returns once no call is under way any more, and none comes; not to be called from within one.</summary>
    public void Dispose()
    {
        if (_isEnding) return;
        _isEnding = true;
        _ = LibC.inotify_rm_watch(_inotify, _ender);
        _reader.Join();
        _inotify.Dispose();
    }

    private unsafe void Run()
    {
        const int Size = 64 * 1024;
        byte* buffer = (byte*)NativeMemory.Alloc(Size);
        try
        {
            while (!_isEnding)
            {
                nint length = LibC.read(_inotify, buffer, Size);
                if (length < 0 && Marshal.GetLastPInvokeError() != EINTR)
                    throw new Win32Exception(Marshal.GetLastPInvokeError());
                HashSet<string?> names = Read(new ReadOnlySpan<byte>(buffer, (int)Math.Max(length, 0)));
                if (names.Count > 0 && !_isEnding) _changed(names);
            }
        }
        finally
        {
            NativeMemory.Free(buffer);
        }
    }

    // struct inotify_event: wd 4 | mask 4 | cookie 4 | len 4 | name, padded with NULs to len.
    private static HashSet<string?> Read(ReadOnlySpan<byte> events)
    {
        var names = new HashSet<string?>();
        while (events.Length >= EventLength)
        {
            uint mask = BitConverter.ToUInt32(events[4..]);
            int nameLength = (int)BitConverter.ToUInt32(events[12..]);
            ReadOnlySpan<byte> name = events.Slice(EventLength, nameLength).TrimEnd((byte)0);
            if ((mask & (Mask | LibC.IN_Q_OVERFLOW)) != 0) names.Add(name.IsEmpty ? null : Encoding.UTF8.GetString(name));
            events = events[(EventLength + nameLength)..];
        }
        return names;
    }
}
