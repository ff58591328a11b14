using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

/// <summary>Tells of each file of one folder that somebody had open for writing and has closed, in the order in which that happened (inotify(7), IN_CLOSE_WRITE).</summary>
/// <remarks>
/// One thread reads. The kernel keeps events in order, so a marker file that is written now is told of after everything that was closed before: that is how
/// <see cref="CatchUpAsync"/> knows that nothing is outstanding, and how the thread is ended.
/// </remarks>
public sealed class CloseWatch : IAsyncDisposable
{
    private const string MarkerPrefix = ".marker-";
    private const string LastMarker = MarkerPrefix + "last";
    private const int EventLength = 16;
    private const int EINTR = 4;

    private readonly string _folder;
    private readonly Action<string?> _closed;
    private readonly SafeFileHandle _inotify;
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _markers = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _nextMarker;

    /// <param name="closed">Called on the thread that reads, with the file's name; null: the kernel has lost events, any may have been closed. Must not throw or wait.</param>
    /// <exception cref="Win32Exception">The kernel gives no more watches (inotify(7), /proc interfaces).</exception>
    public CloseWatch(string folder, Action<string?> closed)
    {
        _folder = folder;
        _closed = closed;
        _inotify = LibC.inotify_init1(LibC.IN_CLOEXEC);
        if (_inotify.IsInvalid || LibC.inotify_add_watch(_inotify, folder, LibC.IN_CLOSE_WRITE) < 0)
        {
            var error = new Win32Exception(Marshal.GetLastPInvokeError());
            _inotify.Dispose();
            throw error;
        }

        new Thread(Run) { IsBackground = true, Name = "closed files" }.Start();
    }

    /// <summary>Completes once everything that was closed before this call has been told.</summary>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        string name = $"{MarkerPrefix}{Interlocked.Increment(ref _nextMarker)}";
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _markers[name] = told;
        try
        {
            Mark(name);
            await told.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            _markers.TryRemove(name, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Again where the kernel has lost the event.
        while (!_ended.Task.IsCompleted)
        {
            Mark(LastMarker);
            await Task.WhenAny(_ended.Task, Task.Delay(TimeSpan.FromSeconds(1)));
        }

        _inotify.Dispose();
    }

    private void Mark(string name)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, []);
        File.Delete(path);
    }

    private unsafe void Run()
    {
        const int Size = 64 * 1024;
        byte* buffer = (byte*)NativeMemory.Alloc(Size);
        try
        {
            bool goesOn = true;
            while (goesOn)
            {
                nint length = LibC.read(_inotify, buffer, Size);
                if (length < 0 && Marshal.GetLastPInvokeError() != EINTR)
                    throw new Win32Exception(Marshal.GetLastPInvokeError());
                for (nint at = 0; at < length && goesOn;)
                {
                    goesOn = Tell(new ReadOnlySpan<byte>(buffer + at, (int)(length - at)), out int used);
                    at += used;
                }
            }
        }
        finally
        {
            NativeMemory.Free(buffer);
            _ended.SetResult();
        }
    }

    // struct inotify_event: wd 4 | mask 4 | cookie 4 | len 4 | name, padded with NULs to len.
    private bool Tell(ReadOnlySpan<byte> events, out int used)
    {
        uint mask = BitConverter.ToUInt32(events[4..]);
        int nameLength = (int)BitConverter.ToUInt32(events[12..]);
        used = EventLength + nameLength;
        if ((mask & LibC.IN_Q_OVERFLOW) != 0)
        {
            _closed(null);
            // Markers may be among what was lost.
            foreach (TaskCompletionSource told in _markers.Values)
                told.TrySetResult();
            return true;
        }

        string name = Encoding.UTF8.GetString(events.Slice(EventLength, nameLength)).TrimEnd('\0');
        if (name == LastMarker)
            return false;
        if (!name.StartsWith(MarkerPrefix, StringComparison.Ordinal))
            _closed(name);
        else if (_markers.TryGetValue(name, out TaskCompletionSource? told))
            told.TrySetResult();
        return true;
    }
}
