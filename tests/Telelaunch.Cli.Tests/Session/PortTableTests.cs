using System.Net;
using System.Text;
using Telelaunch.Broker.Ports;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Session;
using Telelaunch.Net;

namespace Telelaunch.Cli.Tests.Session;

public sealed class PortTableTests : IDisposable
{
    private static readonly ExposedPort Asked = new(8080, 80, ExposeOrigin.Asked);
    private static readonly IPEndPoint Host = IPEndPoint.Parse("127.0.0.1:8080");

    private readonly MemoryStream _errors = new();
    private readonly PortTable _table;
    private readonly PlainProgress _display;

    public PortTableTests()
    {
        var screen = new Screen(new MemoryStream(), _errors);
        _display = new PlainProgress(screen);
        _table = new PortTable(screen, [IPAddress.Parse("10.244.0.7"), IPAddress.Parse("fd00::7")], new[] { "web:8000" }.ToLookup(_ => 80));
    }

    public void Dispose() => _errors.Dispose();

    [Fact]
    public void TableAtStart_ShowsBothDirections_AndWhoIsThereAlready()
    {
        _table.Show(
            [Record(Asked, PortState.Unserved), Record(new(9000, 9001, ExposeOrigin.FromPod), PortState.Served, IPEndPoint.Parse("[::1]:9000"))],
            new ExposeOptions([], FollowsCommand: true, [5432]),
            _display);

        Assert.Equal(
            """
            telelaunch: callers of 10.244.0.7:80 (Service web:8000) → 127.0.0.1:8080: nobody listens yet; callers are refused
            telelaunch: callers of localhost:9001 in the pod → [::1]:9000: is served by python3 (pid 1234), which isn't the command
            telelaunch: callers of 10.244.0.7 → whatever port the command listens on: nothing yet; callers are refused
            telelaunch: the command at localhost:5432 → localhost:5432 of the pod

            """,
            Text());
    }

    [Fact]
    public void AttachedProcess_IsWhoIsMeant_AndOthersAreNot()
    {
        var table = new PortTable(new Screen(new MemoryStream(), _errors), [IPAddress.Parse("10.244.0.7")], new[] { "web:8000" }.ToLookup(_ => 80), attached: 1234);
        table.Show([Record(Asked, PortState.Served, Host), Record(Asked, PortState.Served, Host) with { ProcessId = 12 }], new([], false, [5432]), _display);

        Assert.Equal(
            """
            telelaunch: callers of 10.244.0.7:80 (Service web:8000) → 127.0.0.1:8080: is served by python3 (pid 1234)
            telelaunch: callers of 10.244.0.7:80 (Service web:8000) → 127.0.0.1:8080: is served by python3 (pid 12), which isn't the attached process
            telelaunch: the attached process at localhost:5432 → localhost:5432 of the pod

            """,
            Text());
    }

    [Fact]
    public void Changes_AreSaidOnce_TheTableIsShown()
    {
        _table.Change(Record(Asked, PortState.Served, Host));
        Assert.Equal("", Text());
        _table.Show([], new([], false, []), _display);

        _table.Change(Record(Asked, PortState.Served, Host) with { IsCommand = true });
        _table.Change(Record(Asked, PortState.TunnelDown, Host));
        _table.Change(Record(Asked, PortState.Unserved));
        _table.Change(Record(Asked, PortState.PodRefused, Host) with { Errno = Errno.EADDRINUSE });

        Assert.Equal(
            """
            telelaunch: 8080 is served by python3 (pid 1234): callers of 10.244.0.7:80 (Service web:8000) → 127.0.0.1:8080
            telelaunch: 8080 isn't listened on any more: callers of 10.244.0.7:80 (Service web:8000) are refused
            telelaunch: 8080 is served by python3 (pid 1234), which isn't the command, but callers get no further: The pod's port 80 is taken: something in the pod listens there already (EADDRINUSE).
            telelaunch: Name another port of the pod: --expose 8080:POD. Or stop the container that has it.

            """,
            Text());
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080", "telelaunch: 8080 is confirmed by Kestrel of web (pid 12): http://127.0.0.1:8080\n")]
    [InlineData("http://[::1]:8080", "telelaunch: 8080 is confirmed by Kestrel of web (pid 12): http://[::1]:8080\n")]
    [InlineData("https://[::]:8080", "telelaunch: 8080 is confirmed by Kestrel of web (pid 12): https://[::]:8080; callers must speak TLS\n")]
    [InlineData("http://localhost:5000", "telelaunch: Kestrel of web (pid 12) listens on http://localhost:5000, where no port of the pod leads\ntelelaunch: Add --expose 5000 or --expose 5000:POD_PORT, or have it listen on a port that is exposed.\n")]
    [InlineData("http://unix:/tmp/web.sock", "telelaunch: Kestrel of web (pid 12) listens on http://unix:/tmp/web.sock, where no port of the pod leads\ntelelaunch: Have it listen on a TCP port too, by ASPNETCORE_URLS=http://127.0.0.1:8080 for example.\n")]
    [InlineData("no address", "telelaunch: Kestrel of web (pid 12) listens on no address, where no port of the pod leads\ntelelaunch: Have it listen on a TCP port too, by ASPNETCORE_URLS=http://127.0.0.1:8080 for example.\n")]
    public void Kestrel_ConfirmsAPort_OrIsToldToHaveNone(string address, string said)
    {
        _table.Show([], new([Asked], false, []), _display);
        _table.Confirm(new(DateTimeOffset.UnixEpoch, new(12, "web"), address));
        Assert.Equal(said, Text());
    }

    [Fact]
    public void Kestrel_OnWhateverPort_IsFollowedByAuto()
    {
        var before = new PortTable(new Screen(new MemoryStream(), _errors), [], new[] { "web:8000" }.ToLookup(_ => 80));
        before.Confirm(new(DateTimeOffset.UnixEpoch, new(12, "web"), "http://[::]:5000"));
        Assert.Equal("", Text());
        before.Show([], new([], FollowsCommand: true, []), new PlainProgress(new Screen(new MemoryStream(), new MemoryStream())));
        before.Confirm(new(DateTimeOffset.UnixEpoch, new(12, "web"), "http://[::]:5000"));
        Assert.Equal("telelaunch: 5000 is confirmed by Kestrel of web (pid 12): http://[::]:5000\n", Text());
    }

    private static PortRecord Record(ExposedPort port, PortState state, IPEndPoint? host = null) =>
        new(DateTimeOffset.UnixEpoch, port, state, host, host is null ? 0 : 1234, host is null ? "" : "python3", false, 0);

    private string Text() => Encoding.UTF8.GetString(_errors.ToArray());
}
