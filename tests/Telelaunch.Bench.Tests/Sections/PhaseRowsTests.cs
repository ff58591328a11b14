using Telelaunch.Bench.Sections;

namespace Telelaunch.Bench.Tests.Sections;

public sealed class PhaseRowsTests
{
    [Fact]
    public void EndOfAPhase_IsRead()
    {
        PhaseLine? line = PhaseLine.TryRead("""{"phase":"pod created","event":"ended","seconds":0.125,"text":"pod created"}""");

        Assert.Equal(new PhaseLine("pod created", 0.125), line);
    }

    [Theory]
    [InlineData("""{"phase":"pod created","event":"began"}""")]
    [InlineData("""{"event":"note","text":"ended"}""")]
    [InlineData("telelaunch: deployment/shop is put back: 1 replica")]
    [InlineData("")]
    public void AnythingElse_IsNone(string line) => Assert.Null(PhaseLine.TryRead(line));

    [Fact]
    public void Rows_AreMediansOfThePhasesThatAllHad_InTheOrderOfTheirEnds()
    {
        Dictionary<string, double>[] sessions =
        [
            new() { ["tunnel up"] = 3, ["image pulled"] = 9, ["scaled to 0"] = 1 },
            new() { ["scaled to 0"] = 5, ["tunnel up"] = 1 },
            new() { ["tunnel up"] = 2, ["image pulled"] = 4, ["scaled to 0"] = 2, ["end"] = 1 },
        ];

        var rows = PhaseRows.Of("swap", "ssh", sessions).ToList();

        Assert.Equal(["swap/telelaunch-ssh/tunnel-up", "swap/telelaunch-ssh/scaled-to-0"], rows.Select(row => row.Id));
        Assert.Equal([2, 2], rows.Select(row => row.Value));
        Assert.All(rows, row => Assert.Equal(("shim", "ssh", "s"), (row.Method, row.Carrier, row.Unit)));
    }

    [Theory]
    [InlineData("deployment/shop claimed", "claimed")]
    [InlineData("deployment/shop scaled to 0", "scaled to 0")]
    [InlineData("tunnel up", "tunnel up")]
    public void PhaseOfASwap_IsWithoutTheWorkload(string told, string phase) => Assert.Equal(phase, SwapSection.PhaseOf(told));
}
