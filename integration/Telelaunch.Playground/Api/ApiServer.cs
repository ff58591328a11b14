using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Controllers;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>The cluster without its node: store, API over HTTPS on 127.0.0.1, controllers.</summary>
public sealed class ApiServer : IAsyncDisposable
{
    private static readonly TimeSpan IdleConnection = TimeSpan.FromSeconds(90);

    private readonly WebApplication _web;
    private readonly X509Certificate2 _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Controller> _controllers;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private Task _controlling = Task.CompletedTask;

    /// <param name="port">0 means any free one.</param>
    /// <param name="node">What answers logs, exec and port-forward.</param>
    public ApiServer(int port, IReadOnlyDictionary<string, Caller> tokens, NodeHandlers node, ILoggerFactory loggers, TimeProvider time)
    {
        _time = time;
        _logger = loggers.CreateLogger<ApiServer>();
        Store = new(time);
        Authority = new(time);
        Tokens = new(Store, time);
        _certificate = Authority.IssueServer(IPAddress.Parse("10.96.0.1"));
        var authorizer = new RbacAuthorizer(Store);
        Writer = new(Store, new(Store), new(Store), new(authorizer));
        var events = new EventRecorder(Store, time);
        _controllers =
        [
            new NamespaceController(Store, Authority.Pem), new DeploymentController(Store, Writer, events, time), new ReplicaSetController(Store, Writer, events, time),
            new StatefulSetController(Store, Writer, events, time), new Scheduler(Store, events, time), new EndpointController(Store),
            new BudgetController(Store, time), new ClaimController(Store), new GarbageCollector(Store),
        ];
        var handler = new ApiHandler(new(Authority, Tokens, tokens), authorizer, Endpoints(authorizer, node), _logger);
        _web = Web(port, handler, loggers);
    }

    public ObjectStore Store { get; }

    public ObjectWriter Writer { get; }

    public CertificateAuthority Authority { get; }

    public TokenIssuer Tokens { get; }

    /// <summary>Where it listens; known once it was started.</summary>
    public IPEndPoint Address { get; private set; } = new(IPAddress.Loopback, 0);

    public async Task StartAsync(CancellationToken cancellation)
    {
        Bootstrap.Install(Store, Writer);
        await _web.StartAsync(cancellation);
        Address = new(IPAddress.Loopback, new Uri(_web.Urls.First()).Port);
        _controlling = new ControllerLoop(Store, _controllers, _time, _logger).RunAsync(_stop.Token);
    }

    /// <summary>Tells pods where the API is: the slice behind the Service <c>kubernetes</c>.</summary>
    public void Publish(IPEndPoint seenByPods) => Bootstrap.Publish(Store, seenByPods);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _controlling;
        }
        catch (OperationCanceledException)
        {
        }
        await _web.DisposeAsync();
        _certificate.Dispose();
        Tokens.Dispose();
        Authority.Dispose();
        _stop.Dispose();
    }

    private ApiEndpoints Endpoints(RbacAuthorizer authorizer, NodeHandlers node) => new()
    {
        Store = Store,
        Lists = new(Store, _time),
        Watches = new(Store, _time),
        Writes = new(Store, Writer, _time),
        Deletes = new(Store),
        Scales = new(Store, Writer),
        Evictions = new(Store, _time),
        Tokens = new(Store, Tokens, _time),
        Streams = new(Store, node),
        Reviews = new(authorizer, _time),
    };

    private WebApplication Web(int port, ApiHandler handler, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.AllowSynchronousIO = false;
            options.Limits.MaxRequestBodySize = null;
            options.Limits.KeepAliveTimeout = IdleConnection;
            options.Limits.MinResponseDataRate = null;
            options.Limits.MinRequestBodyDataRate = null;
            options.Listen(IPAddress.Loopback, port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(_certificate, https =>
                {
                    // An unknown client certificate is answered with 401, not refused in the handshake.
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.AllowAnyClientCertificate();
                });
            });
        });
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var web = builder.Build();
        web.UseWebSockets();
        web.Run(handler.HandleAsync);
        return web;
    }
}
