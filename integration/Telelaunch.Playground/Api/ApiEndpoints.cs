using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>Leads a request, found to be allowed, to what answers it.</summary>
public sealed class ApiEndpoints
{
    public required ObjectStore Store { get; init; }

    public required ListEndpoint Lists { get; init; }

    public required WatchEndpoint Watches { get; init; }

    public required WriteEndpoint Writes { get; init; }

    public required DeleteEndpoint Deletes { get; init; }

    public required ScaleEndpoint Scales { get; init; }

    public required EvictionEndpoint Evictions { get; init; }

    public required TokenEndpoint Tokens { get; init; }

    public required StreamEndpoint Streams { get; init; }

    public required ReviewEndpoint Reviews { get; init; }

    public Task HandleAsync(ApiRequest request) => (request.Info.Subresource, request.Info.Verb) switch
    {
        ("scale", _) => Scales.HandleAsync(request),
        ("eviction", "create") => Evictions.CreateAsync(request),
        ("token", "create") => Tokens.CreateAsync(request),
        ("log", "get") or ("exec" or "portforward", "get" or "create") => Streams.HandleAsync(request),
        ("eviction" or "token" or "log" or "exec" or "portforward", _) => throw ApiRequest.NoSuchMethod(),
        (_, "get") => GetAsync(request),
        ("", "list") => Lists.ListAsync(request),
        ("", "watch") => Watches.WatchAsync(request),
        ("", "create") when request.Info.Name.Length == 0 => Writes.CreateAsync(request),
        (_, "update") when request.Info.Name.Length > 0 => Writes.UpdateAsync(request),
        (_, "patch") when request.Info.Name.Length > 0 => Writes.PatchAsync(request),
        ("", "delete") => Deletes.DeleteAsync(request),
        ("", "deletecollection") => Deletes.DeleteCollectionAsync(request),
        _ => throw ApiRequest.NoSuchMethod(),
    };

    private async Task GetAsync(ApiRequest request)
    {
        if (ListEndpoint.VersionOf(request) is { } version)
            await Lists.AwaitVersionAsync(version, request.Cancellation);
        var obj = Store.Get(request.Kind, request.Info.StoreNamespace, request.Info.Name) ?? throw StatusException.NotFound(request.Kind, request.Info.Name);
        await request.SendObjectAsync(200, obj);
    }
}
