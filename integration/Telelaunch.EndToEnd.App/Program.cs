// Reaches an HTTP server the way its first argument says, and writes the body. What each way must look like is the business of the tests.
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

var (way, host, port) = (args[0], args[1], int.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture));
var uri = new Uri($"http://{host}:{port}/");
switch (way)
{
    case "http-async":
        using (var http = new HttpClient()) Console.Write(await http.GetStringAsync(uri));
        break;
    case "http-sync":
        using (var http = new HttpClient())
        using (var response = http.Send(new HttpRequestMessage(HttpMethod.Get, uri)))
        using (var body = new StreamReader(response.Content.ReadAsStream())) Console.Write(body.ReadToEnd());
        break;
    case "tcp-client":
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(host, port);
            Console.Write(await GetOverAsync(client.Client));
        }

        break;
    case "socket-ipv4":
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            socket.Connect(host, port);
            Console.Write(await GetOverAsync(socket));
        }

        break;
    case "socket-dual":
        using (var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true })
        {
            await socket.ConnectAsync(host, port);
            Console.Error.WriteLine($"peer {socket.RemoteEndPoint}");
            Console.Write(await GetOverAsync(socket));
        }

        break;
    case "in-cluster":
        // As a Pod's own program: the service account's files and the API server's address from the environment. What it may not do names who it is.
        using (var client = new k8s.Kubernetes(k8s.KubernetesClientConfiguration.InClusterConfig()))
        {
            try
            {
                await k8s.CoreV1OperationsExtensions.ListNamespacedPodAsync(client.CoreV1, host);
                Console.WriteLine("allowed");
            }
            catch (k8s.Autorest.HttpOperationException error)
            {
                Console.WriteLine($"{(int)error.Response.StatusCode} {error.Response.Content}");
            }
        }

        break;
    case "kestrel":
        // HTTP/1.1 on the port, HTTP/2 without TLS on the next; the host is the address to bind.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.Listen(IPAddress.Parse(host), port);
            server.Listen(IPAddress.Parse(host), port + 1, endPoint => endPoint.Protocols = HttpProtocols.Http2);
        });
        await using (var app = builder.Build())
        {
            app.MapGet("/", () => "hello from Kestrel\n");
            await app.StartAsync();
            Console.WriteLine("listening");
            await app.WaitForShutdownAsync();
        }

        break;
    case "dns":
        foreach (var address in await Dns.GetHostAddressesAsync(host)) Console.WriteLine(address);
        break;
    case "errno":
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            try
            {
                await socket.ConnectAsync(host, port);
                Console.WriteLine("connected");
            }
            catch (SocketException e)
            {
                Console.WriteLine(e.SocketErrorCode);
            }
        }

        break;
    default:
        Console.Error.WriteLine($"unknown way '{way}'");
        return 2;
}

return 0;

async Task<string> GetOverAsync(Socket socket)
{
    await socket.SendAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n"));
    using var reader = new StreamReader(new NetworkStream(socket));
    var answer = await reader.ReadToEndAsync();
    return answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
}
