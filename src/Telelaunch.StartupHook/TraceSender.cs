using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Threading;

namespace Telelaunch.StartupHook;

/// <summary>Sends records to the broker in batches, from a thread of its own.</summary>
/// <remarks>
/// Theory of operation. <see cref="Add"/> puts a record into a bounded queue and wakes the thread when that was empty; what finds it full is counted and told.
/// The thread gathers for a moment, then writes lines into packets. A packet that the broker has no room for is lost and counted; a broker that is gone gets none any more.
/// </remarks>
internal sealed class TraceSender
{
    private const int Capacity = 8192;
    private const int HeadLength = 4;
    private const byte Kind = 9;
    private const int Again = 11;

    // Long enough that a busy application costs a few packets a second, short enough for a person who watches.
    private const int GatherMilliseconds = 50;

    private readonly BrokerSocket _broker;
    private readonly object _lock = new();
    private readonly object _sending = new();
    private readonly byte[] _packet = new byte[BrokerSocket.MaximumLength];
    private Queue<TraceRecord> _queue = new();
    private Queue<TraceRecord> _spare = new();
    private Thread? _thread;
    private long _dropped;
    private bool _isClosed;

    internal TraceSender(BrokerSocket broker)
    {
        _broker = broker;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => SendRest();
        // An exception that nobody catches ends the process without ProcessExit.
        AppDomain.CurrentDomain.UnhandledException += (_, _) => SendRest();
    }

    internal void Add(TraceRecord record)
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            if (_queue.Count >= Capacity)
            {
                _dropped++;
                return;
            }

            _queue.Enqueue(record);
            if (_queue.Count > 1)
                return;
            if (_thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "Telelaunch trace" };
                _thread.Start();
            }
            else
            {
                Monitor.Pulse(_lock);
            }
        }
    }

    private void Run()
    {
        try
        {
            while (WaitForRecords())
            {
                Thread.Sleep(GatherMilliseconds);
                SendNow();
            }
        }
        catch (Exception error)
        {
            Close();
            Diagnosis.TrySay($"the trace of this application ends, it runs on: {error.GetType().Name}: {error.Message}");
        }
    }

    /// <returns>False when there is nobody to send to any more.</returns>
    private bool WaitForRecords()
    {
        lock (_lock)
        {
            while (_queue.Count == 0 && !_isClosed)
                Monitor.Wait(_lock);
            return !_isClosed;
        }
    }

    private void SendRest()
    {
        try
        {
            SendNow();
        }
        catch (Exception)
        {
            // The application ends: there is no later for its last lines.
        }
    }

    /// <summary>Sends what is in the queue now; whatever was added before has been sent or counted when it returns.</summary>
    internal void SendNow()
    {
        lock (_sending)
        {
            Queue<TraceRecord> taken = Take(out long dropped);
            var line = new StringBuilder();
            int length = HeadLength;
            // What was dropped before is dropped again with the packet that tells of it.
            long lines = dropped;
            if (dropped > 0)
            {
                line.Append("dropped\t").Append(dropped.ToString(CultureInfo.InvariantCulture)).Append('\n');
                length = Append(line, length);
            }

            while (taken.Count > 0)
            {
                line.Clear();
                taken.Dequeue().Write(line);
                if (length + Encoding.UTF8.GetMaxByteCount(line.Length) > _packet.Length)
                {
                    Send(length, lines);
                    (length, lines) = (HeadLength, 0);
                }

                length = Append(line, length);
                lines++;
            }

            if (length > HeadLength)
                Send(length, lines);
            _spare = taken;
        }
    }

    private Queue<TraceRecord> Take(out long dropped)
    {
        lock (_lock)
        {
            (Queue<TraceRecord> taken, _queue) = (_queue, _spare);
            (dropped, _dropped) = (_dropped, 0);
            return taken;
        }
    }

    private int Append(StringBuilder line, int length)
    {
        string text = line.ToString();
        return length + Encoding.UTF8.GetBytes(text, 0, text.Length, _packet, length);
    }

    private void Send(int length, long lines)
    {
        _packet[0] = Hello.Version;
        _packet[1] = Kind;
        int errno = _broker.Send(_packet, length);
        if (errno == Again)
        {
            lock (_lock)
                _dropped += lines;
        }
        else if (errno != 0)
        {
            Close();
        }
    }

    private void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _queue.Clear();
        }
    }
}
