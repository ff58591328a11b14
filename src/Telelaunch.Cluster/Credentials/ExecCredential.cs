using System.Globalization;
using System.Text;
using System.Text.Json;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Credentials from an exec plugin: run once, kept until they expire or are refused.</summary>
internal sealed class ExecCredential(ExecPlugin plugin, TimeProvider time) : CredentialSource
{
    private readonly SemaphoreSlim _running = new(1);
    private Credential? _current;
    private DateTimeOffset _expiry = DateTimeOffset.MaxValue;

    public override async ValueTask<Credential> GetAsync(CancellationToken cancellationToken)
    {
        await _running.WaitAsync(cancellationToken);
        try
        {
            if (_current is null || time.GetUtcNow() >= _expiry)
                await RunAsync(cancellationToken);
            return _current!;
        }
        finally
        {
            _running.Release();
        }
    }

    public override async ValueTask<Credential?> RenewAsync(Credential refused, CancellationToken cancellationToken)
    {
        await _running.WaitAsync(cancellationToken);
        try
        {
            // Many requests may be refused at once; the first runs the plugin for all.
            if (ReferenceEquals(_current, refused))
                await RunAsync(cancellationToken);
            return _current;
        }
        finally
        {
            _running.Release();
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _running.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var output = await ExecPluginProcess.RunAsync(plugin, cancellationToken);
        try
        {
            using var document = JsonDocument.Parse(output);
            Take(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // The reader's message is not shown: it may quote what the plugin printed.
            throw Unusable("it printed no ExecCredential");
        }
    }

    private void Take(JsonElement root)
    {
        var apiVersion = root.GetProperty("apiVersion").GetString();
        if (apiVersion != plugin.ApiVersion)
            throw Unusable($"it answered with apiVersion {apiVersion} instead of {plugin.ApiVersion}");
        if (!root.TryGetProperty("status", out var status) || status.ValueKind != JsonValueKind.Object)
            throw Unusable("its ExecCredential has no status");

        var token = Text(status, "token");
        var certificate = Text(status, "clientCertificateData");
        var key = Text(status, "clientKeyData");
        if (token is null && certificate is null)
            throw Unusable("its ExecCredential has neither a token nor a client certificate");
        if (certificate is null != key is null)
            throw Unusable("its ExecCredential has a client certificate without a key, or a key without one");

        var expiry = Text(status, "expirationTimestamp");
        _expiry = expiry is null ? DateTimeOffset.MaxValue : DateTimeOffset.Parse(expiry, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        _current = new(token, certificate is null
            ? null
            : CertificateFiles.Client(Encoding.ASCII.GetBytes(certificate), Encoding.ASCII.GetBytes(key!), $"The client certificate of the exec plugin {plugin.Command}"));
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null && value.GetString() is { Length: > 0 } text ? text : null;

    private ClusterException Unusable(string what) => new(
        "exec-plugin-failed",
        $"The exec credential plugin {plugin.Command} can't be used: {what}.",
        "Run `kubectl get --raw /version` to see whether kubectl can log in, and update the plugin.");
}
