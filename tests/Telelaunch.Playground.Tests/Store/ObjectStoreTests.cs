using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;
using static Telelaunch.Playground.Tests.TestServer;

namespace Telelaunch.Playground.Tests.Store;

public sealed class ObjectStoreTests
{
    private readonly ObjectStore _store = new(TimeProvider.System);

    [Fact]
    public void Get_HandsOutACopy()
    {
        _store.Create(ResourceKinds.ConfigMaps, Json("""{"metadata": {"name": "a", "namespace": "n"}, "data": {"k": "v"}}"""));

        _store.Get(ResourceKinds.ConfigMaps, "n", "a")!.Object("data")["k"] = "changed";

        Assert.Equal("v", _store.Get(ResourceKinds.ConfigMaps, "n", "a").At("data", "k").Text());
    }

    [Fact]
    public void ChangeThatChangesNothing_KeepsTheVersion()
    {
        var made = Create(ResourceKinds.ConfigMaps, "a");

        var same = _store.UpdateStatus(ResourceKinds.ConfigMaps, "n", "a", _ => { });

        Assert.Equal(made.At("metadata", "resourceVersion").Text(), same.At("metadata", "resourceVersion").Text());
    }

    [Fact]
    public void Generation_CountsChangesOfSpecOnly()
    {
        Create(ResourceKinds.Deployments, "a");

        _store.UpdateStatus(ResourceKinds.Deployments, "n", "a", d => d.Object("status")["replicas"] = 1);
        var changed = _store.UpdateStatus(ResourceKinds.Deployments, "n", "a", d => d.Object("spec")["replicas"] = 1);

        Assert.Equal(2, changed.At("metadata", "generation").Number());
    }

    [Fact]
    public void DeletedObjectWithFinalizer_GoesWithItsLastFinalizer()
    {
        Create(ResourceKinds.ConfigMaps, "a");
        _store.UpdateStatus(ResourceKinds.ConfigMaps, "n", "a", o => o.Metadata["finalizers"] = new JsonArray("example.com/hold"));

        Assert.False(_store.Delete(ResourceKinds.ConfigMaps, "n", "a")!.Gone);
        Assert.True(_store.Get(ResourceKinds.ConfigMaps, "n", "a")!.IsTerminating);
        _store.UpdateStatus(ResourceKinds.ConfigMaps, "n", "a", o => o.Metadata.Remove("finalizers"));

        Assert.Null(_store.Get(ResourceKinds.ConfigMaps, "n", "a"));
    }

    [Fact]
    public void SecondDeleteOfPod_CanOnlyShortenItsGrace()
    {
        Create(ResourceKinds.Pods, "a");
        _store.UpdateStatus(ResourceKinds.Pods, "n", "a", p => p.Object("spec")["nodeName"] = "node-1");
        long Grace(long seconds) => _store.Delete(ResourceKinds.Pods, "n", "a", seconds)!.Object.At("metadata", "deletionGracePeriodSeconds").Number();

        Assert.Equal(20, Grace(20));
        Assert.Equal(20, Grace(30));
        Assert.Equal(5, Grace(5));
        Assert.Throws<StatusException>(() => Create(ResourceKinds.Pods, "a"));
        Assert.True(_store.Remove(ResourceKinds.Pods, "n", "a"));
        Assert.Null(_store.Get(ResourceKinds.Pods, "n", "a"));
    }

    [Fact]
    public void ListAtAnOldVersion_ShowsWhatWasThen()
    {
        var then = long.Parse(Create(ResourceKinds.ConfigMaps, "a").At("metadata", "resourceVersion").Text(), null);
        Create(ResourceKinds.ConfigMaps, "b");
        _store.Delete(ResourceKinds.ConfigMaps, "n", "a");

        Assert.Equal(["a"], _store.ListAt(ResourceKinds.ConfigMaps, "n", then).Items.Select(o => o.Name));
        Assert.Equal(["b"], _store.List(ResourceKinds.ConfigMaps, "n").Select(o => o.Name));
    }

    [Fact]
    public async Task WatchFromForgottenVersion_Is410()
    {
        Create(ResourceKinds.ConfigMaps, "a");
        for (var change = 0; change <= ObjectStore.HistoryLength; change++)
            _store.UpdateStatus(ResourceKinds.ConfigMaps, "n", "a", o => o["data"] = new JsonObject { ["n"] = $"{change}" });

        var refusal = await Assert.ThrowsAsync<StatusException>(async () => await _store.WatchFromAsync(1001, CancellationToken.None).GetAsyncEnumerator().MoveNextAsync());

        Assert.Equal(410, refusal.Code);
    }

    [Fact]
    public async Task Watch_TellsPresentObjectsAndThenChanges()
    {
        Create(ResourceKinds.ConfigMaps, "a");
        await using var events = _store.WatchAsync(ResourceKinds.ConfigMaps, CancellationToken.None).GetAsyncEnumerator();
        var seen = new List<string>();
        async Task NextAsync()
        {
            Assert.True(await events.MoveNextAsync());
            seen.Add($"{events.Current.Type} {events.Current.Object.Name}");
        }

        await NextAsync();
        Create(ResourceKinds.Secrets, "not-watched");
        Create(ResourceKinds.ConfigMaps, "b");
        _store.Delete(ResourceKinds.ConfigMaps, "n", "a");
        await NextAsync();
        await NextAsync();

        Assert.Equal(["Added a", "Added b", "Deleted a"], seen);
    }

    private JsonObject Create(ResourceKind kind, string name) => _store.Create(kind, new() { ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "n" }, ["spec"] = new JsonObject() });
}
