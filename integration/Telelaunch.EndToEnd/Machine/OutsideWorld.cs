using System.Net;
using System.Net.Sockets;
using Telelaunch.Impairment;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>All that a developer's machine reaches without a cluster: a name server, a web server, and the way to the cluster's API server.</summary>
/// <remarks>A network namespace in which this process listens; nothing of it is seen in the namespace that the tests run in.</remarks>
internal sealed class OutsideWorld : IAsyncDisposable
{
    /// <summary>A host of the outside world that has a page.</summary>
    public const string Host = "outside.example";

    /// <summary>The same host by its IPv6 address alone, which is a private one, as those of a cluster are.</summary>
    public const string PrivateHost = "private." + Host;

    public static readonly IPAddress Address4 = IPAddress.Parse("203.0.113.3");
    public static readonly IPAddress Address6 = IPAddress.Parse("fd00:7e1e::3");

    /// <summary>Where the machine reaches the API server: nothing else has this address.</summary>
    public static readonly IPAddress ApiServerAddress = IPAddress.Parse("203.0.113.6");

    private readonly ProcessRun _holder;

    private OutsideWorld(ProcessRun holder) => _holder = holder;

    /// <summary>The process whose network namespace it is.</summary>
    public int Process => _holder.Id;

    public OutsideNameServer Names { get; private set; } = null!;

    public OutsideWebServer Web { get; private set; } = null!;

    /// <summary>Makes the namespace, still without a link: nobody serves there until <see cref="Serve"/>.</summary>
    public static async Task<OutsideWorld> CreateAsync()
    {
        // Ends with its standard input, so with this process.
        var holder = ProcessRun.Start("unshare", ["--net", "sh", "-c", "echo ready; exec cat"]);
        try
        {
            await holder.WaitForLineAsync("ready");
            return new OutsideWorld(holder);
        }
        catch
        {
            await holder.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the servers; the link with its addresses must be there.</summary>
    public void Serve()
    {
        Names = new OutsideNameServer(this);
        Web = new OutsideWebServer(this);
    }

    /// <summary>A socket that is bound in the outside world; one for streams listens.</summary>
    public Socket Listen(IPAddress address, int port, ProtocolType protocol) => NetworkNamespace.Do(Process, () =>
    {
        var socket = new Socket(address.AddressFamily, protocol == ProtocolType.Udp ? SocketType.Dgram : SocketType.Stream, protocol);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            if (protocol == ProtocolType.Tcp) socket.Listen(512);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    });

    /// <summary>Starts a program in the outside world's network; its files are this machine's.</summary>
    public ProcessRun Start(string program, params string[] arguments) => ProcessRun.Start("nsenter", ["--target", $"{Process}", "--net", "--", program, .. arguments]);

    /// <summary>Runs a program that must succeed, and returns what it wrote.</summary>
    public async Task<string> OutputAsync(string program, params string[] arguments)
    {
        await using var run = Start(program, arguments);
        run.CloseInput();
        await run.WaitForExitAsync();
        return run.ExitCode == 0 ? run.Output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}\n{run}");
    }

    public async ValueTask DisposeAsync()
    {
        if (Web is not null) await Web.DisposeAsync();
        if (Names is not null) await Names.DisposeAsync();
        _holder.CloseInput();
        await _holder.WaitForExitAsync();
        await _holder.DisposeAsync();
    }
}
