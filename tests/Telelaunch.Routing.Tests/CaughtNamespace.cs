using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Telelaunch.Net;
using Telelaunch.Routing.Filter;
using Telelaunch.Routing.Links;

namespace Telelaunch.Routing.Tests;

/// <summary>A namespace whose programs are caught on their way to 10.96.0.0/12 and fd00:10:96::/108.</summary>
internal sealed class CaughtNamespace : IDisposable
{
    public static readonly AddressRange Range4 = AddressRange.Parse("10.96.0.0/12");
    public static readonly AddressRange Range6 = AddressRange.Parse("fd00:10:96::/108");
    public static readonly IPAddress Own4 = IPAddress.Parse("198.19.84.1");
    public static readonly IPAddress Own6 = IPAddress.Parse("fd54:454c::1");

    public CaughtNamespace(params (string Key, string Value)[] settings)
    {
        Namespace = new NetworkNamespace();
        try
        {
            foreach ((string key, string value) in settings)
                Namespace.Check("sysctl", "-qw", $"{key}={value}");
            Namespace.Run(Open);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public NetworkNamespace Namespace { get; }

    public HostLink Link { get; private set; } = null!;

    public SynQueue Queue { get; private set; } = null!;

    public TransparentListener Listener { get; private set; } = null!;

    public CatchTable Table { get; private set; } = null!;

    /// <summary>Every question, in its order.</summary>
    public BlockingCollection<HeldSyn> Questions { get; } = [];

    /// <summary>Answers questions at once where it returns a verdict; null: they stay held.</summary>
    public Func<HeldSyn, SynVerdict?> Answer { get; set; } = _ => null;

    public HeldSyn NextQuestion() => Questions.TryTake(out HeldSyn syn, TimeSpan.FromSeconds(30)) ? syn : throw new InvalidOperationException("No SYN has come.");

    /// <summary>Sends back what comes, until the other side ends.</summary>
    public static void Echo(Socket connection)
    {
        using (connection)
        {
            byte[] buffer = new byte[4096];
            for (int count; (count = connection.Receive(buffer)) > 0;)
                connection.Send(buffer, count, SocketFlags.None);
        }
    }

    public void Dispose()
    {
        Table?.Dispose();
        Queue?.Dispose();
        Listener?.Dispose();
        Link?.Dispose();
        Namespace.Dispose();
        Questions.Dispose();
    }

    private void Open()
    {
        Link = HostLink.Create("telelaunch0", "a test");
        Assert.True(Link.SetUp());
        Link.AddAddress(Own4);
        Link.AddAddress(Own6);
        Listener = TransparentListener.Open(withIpv6: true);
        Queue = SynQueue.Open(syn =>
        {
            Questions.Add(syn);
            if (Answer(syn) is { } verdict)
                Queue.Decide(syn.Id, verdict);
        });
        Table = CatchTable.Create(new CatchTableLayout(Listener.Port4, Listener.Port6, Queue.Number, [Range4, Range6]));
        Link.AddLocalRoute(Range4, Own4);
        Link.AddLocalRoute(Range6, Own6);
    }
}
