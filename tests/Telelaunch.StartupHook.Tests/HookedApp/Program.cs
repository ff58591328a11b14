using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

// What applications do that the tests start with the hook: one way an argument, and the exit code 7 that nobody else would give.
switch (args[0])
{
    case "greet":
        Console.WriteLine("hello from the application");
        break;
    case "requests":
        using (var http = new HttpClient())
        {
            foreach (string uri in args[1..])
                Console.WriteLine(await StatusAsync(http, uri));
        }

        break;
    case "request-of-a-thread":
        using (var http = new HttpClient())
        using (HttpResponseMessage response = http.Send(new HttpRequestMessage(HttpMethod.Get, args[1])))
            Console.WriteLine((int)response.StatusCode);
        // No request is under way any more: a connect now is nobody's.
        using (var socket = new Socket(SocketType.Stream, ProtocolType.Tcp))
            socket.Connect(IPAddress.Loopback, new Uri(args[1]).Port);
        break;
    case "connects":
        using (var client = new TcpClient())
            await client.ConnectAsync("localhost", int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture));
        break;
    case "proxy":
        using (var http = new HttpClient(new SocketsHttpHandler { Proxy = new WebProxy(args[1]) }))
            Console.WriteLine(await StatusAsync(http, args[2]));
        break;
    case "callback":
        using (var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectElsewhereAsync }))
            Console.WriteLine(await StatusAsync(http, args[2]));
        break;
    case "crash":
        using (var http = new HttpClient())
            await StatusAsync(http, args[1]);
        throw new InvalidOperationException("the application's own");
    case "kestrel":
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        // Where it listens must be found out without its log.
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0", "http://[::1]:0");
        await using (WebApplication app = builder.Build())
        {
            await app.StartAsync();
            Console.WriteLine(string.Join(' ', app.Urls));
        }

        break;
    default:
        return 2;
}

return 7;

static async Task<int> StatusAsync(HttpClient http, string uri)
{
    using HttpResponseMessage response = await http.GetAsync(new Uri(uri));
    return (int)response.StatusCode;
}

async ValueTask<Stream> ConnectElsewhereAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
{
    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
    await socket.ConnectAsync("localhost", new Uri(args[1]).Port, cancellationToken);
    return new NetworkStream(socket, ownsSocket: true);
}
