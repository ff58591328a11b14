namespace Telelaunch.StartupHook.Tests;

public class TraceSenderTests
{
    [Fact]
    public async Task PacketThatTheBrokerHasNoRoomFor_IsCounted_AndTold()
    {
        // Two connections fit into a backlog of one.
        using var broker = new StandInBroker(backlog: 1);
        var sender = new TraceSender(new BrokerSocket(broker.SessionPath));
        foreach (string name in (string[])["first", "second", "third", "fourth"])
        {
            sender.Add(new PlainRecord("listen", name));
            sender.SendNow();
        }

        Assert.Equal([["listen", "first"], ["listen", "second"]], await broker.TakeLinesAsync());
        sender.Add(new PlainRecord("listen", "fifth"));
        sender.SendNow();
        Assert.Equal([["dropped", "2"], ["listen", "fifth"]], await broker.TakeLinesAsync());
    }

    [Fact]
    public async Task MoreThanAPacketHolds_IsSentInSeveral()
    {
        using var broker = new StandInBroker();
        var sender = new TraceSender(new BrokerSocket(broker.SessionPath));
        string[] names = [.. Enumerable.Range(0, 400).Select(number => $"{number}{new string('ß', 500)}")];
        foreach (string name in names)
            sender.Add(new PlainRecord("listen", name));
        sender.SendNow();
        Assert.Equal(names, (await broker.TakeLinesAsync()).Select(line => line[1]));
    }

    [Fact]
    public async Task FieldOfManyLines_StaysOneField()
    {
        using var broker = new StandInBroker();
        var sender = new TraceSender(new BrokerSocket(broker.SessionPath));
        sender.Add(new PlainRecord("elsewhere", "a\tb\nc\ud800", "", new string('x', 600)));
        sender.SendNow();
        Assert.Equal(["elsewhere", "a?b?c?", "-", new string('x', 512)], Assert.Single(await broker.TakeLinesAsync()));
    }
}
