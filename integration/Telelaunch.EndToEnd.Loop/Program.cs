// Does what it is told on standard input, a line each, until that ends. It knows nothing of Telelaunch: what changes while it runs is the business of the tests.
//   http NUMBER URI         a request over a new connection; "NUMBER STATUS BODY", or "NUMBER failed REASON"
//   name NUMBER HOST        a lookup; "NUMBER ADDRESS,…", or "NUMBER failed REASON"
//   stay NUMBER HOST PORT   a connection that is kept; "NUMBER connected"
//   echo NUMBER TEXT        over the one that is kept; "NUMBER TEXT"
//   serve NUMBER TEXT       an HTTP server on a port of the kernel's choice, which answers TEXT; "NUMBER PORT"
//   gap NUMBER              "NUMBER MILLISECONDS": the longest that this process has stood still since it was asked last
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

var longest = TimeSpan.Zero;
var ticks = new Thread(() =>
{
    for (var last = Stopwatch.GetTimestamp(); ; last = Stopwatch.GetTimestamp())
    {
        Thread.Sleep(1);
        var gap = Stopwatch.GetElapsedTime(last);
        if (gap > longest) longest = gap;
    }
})
{ IsBackground = true };
ticks.Start();

using var http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero, UseProxy = false }) { Timeout = TimeSpan.FromSeconds(20) };
Socket? kept = null;
Console.WriteLine("ready");
while (Console.ReadLine() is { } line)
{
    var words = line.Split(' ');
    string said;
    try
    {
        said = words[0] switch
        {
            "http" => await GetAsync(words[2]),
            "name" => string.Join(',', (await Dns.GetHostAddressesAsync(words[2])).Select(address => address.ToString())),
            "stay" => await StayAsync(words[2], int.Parse(words[3], System.Globalization.CultureInfo.InvariantCulture)),
            "echo" => await EchoAsync(words[2]),
            "serve" => Serve(words[2]),
            "gap" => Gap(),
            _ => "failed unknown",
        };
    }
    catch (Exception error)
    {
        var reason = error.GetBaseException();
        said = $"failed {(reason is SocketException socket ? socket.SocketErrorCode.ToString() : reason.GetType().Name)}";
    }

    Console.WriteLine($"{words[1]} {said.ReplaceLineEndings(" ")}");
}

return 0;

async Task<string> GetAsync(string uri)
{
    using var response = await http.GetAsync(uri);
    return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
}

async Task<string> StayAsync(string host, int port)
{
    kept?.Dispose();
    kept = new Socket(SocketType.Stream, ProtocolType.Tcp);
    await kept.ConnectAsync(host, port);
    return "connected";
}

async Task<string> EchoAsync(string text)
{
    await kept!.SendAsync(Encoding.ASCII.GetBytes(text));
    var answer = new byte[text.Length];
    for (var got = 0; got < answer.Length;)
    {
        var count = await kept.ReceiveAsync(answer.AsMemory(got));
        if (count == 0) return "failed EndOfStream";
        got += count;
    }

    return Encoding.ASCII.GetString(answer);
}

string Serve(string text)
{
    var listener = new TcpListener(IPAddress.Loopback, 0);
    listener.Start();
    _ = Task.Run(async () =>
    {
        var answer = Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\nContent-Length: {text.Length}\r\n\r\n{text}");
        while (true)
        {
            using var caller = await listener.AcceptTcpClientAsync();
            try
            {
                using var reader = new StreamReader(caller.GetStream());
                while (await reader.ReadLineAsync() is { Length: > 0 })
                {
                }

                await caller.GetStream().WriteAsync(answer);
            }
            catch (IOException)
            {
                // That caller has gone; the next is served.
            }
        }
    });
    return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

string Gap()
{
    var gap = longest;
    longest = TimeSpan.Zero;
    return gap.TotalMilliseconds.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture);
}
