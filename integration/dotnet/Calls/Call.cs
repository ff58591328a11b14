using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Npgsql;
using StackExchange.Redis;

/// <summary>One question to the cluster, by a client of .NET.</summary>
public static class Call
{
    public static readonly IReadOnlyDictionary<string, Func<Task<string>>> All = new Dictionary<string, Func<Task<string>>>
    {
        ["HttpClient"] = HttpClientAsync,
        ["TcpClient"] = TcpClientAsync,
        ["Dns"] = DnsAsync,
        ["Grpc.Net.Client"] = GrpcAsync,
        ["Npgsql"] = NpgsqlAsync,
        ["StackExchange.Redis"] = RedisAsync,
    };

    /// <summary>Asks by those that are named, or by all; a line each: the client, a colon, what it got.</summary>
    public static async Task<int> RunAsync(IReadOnlyCollection<string> names)
    {
        var failed = 0;
        foreach (var (name, call) in All.Where(call => names.Count == 0 || names.Contains(call.Key)))
        {
            string got;
            try
            {
                got = await call();
            }
            catch (Exception error)
            {
                failed++;
                got = $"{error.GetType().Name}: {error.GetBaseException().Message.ReplaceLineEndings(" ")}";
            }

            Console.WriteLine($"{name}: {got}");
        }

        return failed;
    }

    private static async Task<string> HttpClientAsync()
    {
        using var client = new HttpClient();
        return (await client.GetStringAsync(new Uri("http://hello/"))).Trim();
    }

    private static async Task<string> TcpClientAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync("echo", 7);
        await client.GetStream().WriteAsync("over TCP"u8.ToArray());
        var answer = new byte[8];
        await client.GetStream().ReadExactlyAsync(answer);
        return Encoding.UTF8.GetString(answer);
    }

    private static async Task<string> DnsAsync() => string.Join(' ', (await Dns.GetHostAddressesAsync("hello.default.svc.cluster.local")).Select(address => address.ToString()));

    private static async Task<string> GrpcAsync()
    {
        using var channel = GrpcChannel.ForAddress("http://grpc:50051");
        var echo = new Method<byte[], byte[]>(MethodType.Unary, "test.Echo", "Say", Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes), Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes));
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(echo, null, default, "over gRPC"u8.ToArray());
        return Encoding.UTF8.GetString(await call.ResponseAsync);
    }

    private static async Task<string> NpgsqlAsync()
    {
        await using var source = new NpgsqlSlimDataSourceBuilder("Host=db;Username=postgres;Password=postgres;Database=postgres;SSL Mode=Disable;GSS Encryption Mode=Disable").Build();
        await using var command = source.CreateCommand("SELECT 6 * 7");
        return $"{await command.ExecuteScalarAsync()}";
    }

    private static async Task<string> RedisAsync()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync("redis:6379,abortConnect=true");
        return $"{await redis.GetDatabase().StringIncrementAsync($"calls-{Guid.NewGuid():N}")}";
    }
}
