namespace Telelaunch.Agent.Tests;

public sealed class ListeningPortsTests
{
    private const string Table = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:1E62 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 123 1
           1: 0100007F:1E2A 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 124 1
           2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 125 1
        """;

    [Theory]
    [InlineData(7778, true)]
    [InlineData(7722, false)]
    [InlineData(80, false)]
    public void OnlyListenersOnLoopback_Count(int port, bool expected) => Assert.Equal(expected, ListeningPorts.Contains(Table, port));
}
