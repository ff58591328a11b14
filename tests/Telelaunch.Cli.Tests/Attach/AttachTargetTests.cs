using Telelaunch.Attach;
using Telelaunch.Cli.Attach;

namespace Telelaunch.Cli.Tests.Attach;

public sealed class AttachTargetTests
{
    private static readonly DotnetProcess[] All = [Process(1, "shop"), Process(2, "Shop.Worker"), Process(3, "shop"), Process(4, "Mail")];

    [Theory]
    [InlineData("Mail", 4)]
    [InlineData("mail", 4)]
    [InlineData("worker", 2)]
    [InlineData("Shop", 1, 3)]
    [InlineData("o", 1, 2, 3)]
    [InlineData("x")]
    public void WholeNamesCountFirst_ThenParts(string name, params int[] processes) =>
        Assert.Equal(processes, AttachTarget.Matches(All, name).Select(process => process.ProcessId));

    [Fact]
    public void TableNamesEachProcess_AndWhyItCannotBeAttached()
    {
        var process = Process(7, "shop");
        var text = ProcessTable.Text([process with { Obstacle = AttachObstacle.Attached(process, 99) }, Process(8, "[red]x[/]")], descriptor: -1);
        Assert.Equal(["PID", "7", "8"], text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]));
        Assert.Contains("no: attached by 99", text, StringComparison.Ordinal);
        // What an application calls itself is text, not mark-up.
        Assert.Contains("[red]x[/]", text, StringComparison.Ordinal);
        Assert.Equal("no .NET process runs here\n", ProcessTable.Text([], descriptor: -1));
    }

    private static DotnetProcess Process(int id, string application) => new(id, id, "ada", "10.0.12", application, $"/opt/{application}", "/tmp/socket", null);
}
