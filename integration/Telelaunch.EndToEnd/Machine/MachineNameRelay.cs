using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Telelaunch.Impairment;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>Passes questions of a cluster's name server on to whatever name server the machine's /etc/resolv.conf names at that moment, as a cluster on the machine has it.</summary>
internal sealed class MachineNameRelay : IAsyncDisposable
{
    private const int HeaderSize = 12;

    private readonly CancellationTokenSource _end = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly ConcurrentQueue<string> _questions = new();
    private readonly ConcurrentBag<Task> _answers = [];
    private Task _loop = Task.CompletedTask;

    public MachineNameRelay() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    /// <summary>Where it listens, in the tests' own network.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>All that came, name and type as they stand in the question: those of one question are equal, whoever asks it.</summary>
    public IReadOnlyList<string> Questions => [.. _questions];

    /// <summary>Until then questions wait.</summary>
    public void Serve(DeveloperMachine machine) => _loop = RunAsync(machine);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loop;
        await Task.WhenAll(_answers);
        _socket.Dispose();
        _end.Dispose();
    }

    private async Task RunAsync(DeveloperMachine machine)
    {
        var buffer = new byte[4096];
        while (!_end.IsCancellationRequested)
        {
            try
            {
                var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _end.Token);
                var question = buffer[..received.ReceivedBytes];
                _questions.Enqueue(Convert.ToHexString(question.AsSpan(HeaderSize)));
                _answers.Add(PassOnAsync(machine, question, received.RemoteEndPoint));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // The end, or an asker that has gone (ICMP).
            }
        }
    }

    private async Task PassOnAsync(DeveloperMachine machine, byte[] question, EndPoint asker)
    {
        try
        {
            var server = (await File.ReadAllLinesAsync($"{machine.Root}/etc/resolv.conf", _end.Token)).First(line => line.StartsWith("nameserver ", StringComparison.Ordinal)).Split(' ')[1];
            using var socket = NetworkNamespace.Do(machine.Process, () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
            await socket.ConnectAsync(IPAddress.Parse(server), 53, _end.Token);
            await socket.SendAsync(question, _end.Token);
            var answer = new byte[4096];
            var count = await socket.ReceiveAsync(answer, _end.Token);
            await _socket.SendToAsync(answer.AsMemory(0, count), SocketFlags.None, asker, _end.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The end, or nobody listens there: whoever asked hears nothing, as from a resolver that is down.
        }
    }
}
