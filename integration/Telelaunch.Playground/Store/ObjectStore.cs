using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Telelaunch.Playground.Store;

// All objects of the cluster, in memory.
//
//   List / Get                   deep copies of what is stored, at this moment
//   Create                       gives name, uid, creationTimestamp, resourceVersion; StatusException 409 if the name is taken
//   Modify / UpdateStatus        read-change-write in one step; the change runs under the store's lock and must not wait for anything
//   Delete                       as the API does it: grace period of scheduled pods, finalizers, then removal
//   Remove                       the object goes now, whatever it waits for (the node, when a pod's containers have ended)
//   WatchAsync                   first every object as Added, then each change
//   WatchFromAsync               each change after a resourceVersion; StatusException 410 when that is no longer kept
//
// Stored objects are never changed in place: a write puts a new object, so history can keep the old ones without copying them.
// Every write takes the next number of one counter, the resourceVersion of the object and of the whole store.

/// <summary>Stores the cluster's objects, numbers every change and tells watchers about it.</summary>
/// <remarks>Safe for any thread. Names in it are taken as valid; the API layer validates and fills in defaults before.</remarks>
public sealed class ObjectStore(TimeProvider time)
{
    /// <summary>Changes kept for watches, exact lists and continue tokens.</summary>
    public const int HistoryLength = 10_000;

    private const long FirstVersion = 1000;

    private readonly Lock _lock = new();
    private readonly Dictionary<ResourceKind, SortedDictionary<ObjectKey, JsonObject>> _objects = [];
    private readonly Queue<WatchEvent> _history = new();
    private long _version = FirstVersion;
    private long _oldest = FirstVersion;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The resourceVersion of the last write.</summary>
    public long Version
    {
        get
        {
            lock (_lock)
                return _version;
        }
    }

    /// <summary>Objects of one kind in the order of namespace and name; all namespaces if <paramref name="ns"/> is null.</summary>
    public IReadOnlyList<JsonObject> List(ResourceKind kind, string? ns = null)
    {
        lock (_lock)
            return [.. Shared(kind).Where(e => ns is null || e.Key.Namespace == ns).Select(e => e.Value.Clone())];
    }

    /// <summary>The list as it was at a resourceVersion, with that version; <paramref name="at"/> null means now.</summary>
    /// <exception cref="StatusException">410: the version is no longer kept.</exception>
    public (IReadOnlyList<JsonObject> Items, long Version) ListAt(ResourceKind kind, string? ns, long? at)
    {
        lock (_lock)
        {
            var items = new SortedDictionary<ObjectKey, JsonObject>(Shared(kind));
            if (at < _oldest)
                throw StatusException.Expired("The provided continue parameter is too old to display a consistent list result.");
            foreach (var change in _history.Reverse().TakeWhile(e => e.Version > at).Where(e => e.Kind == kind))
            {
                if (change.Previous is null)
                    items.Remove(ObjectKey.Of(change.Object));
                else
                    items[ObjectKey.Of(change.Object)] = change.Previous;
            }
            return ([.. items.Where(e => ns is null || e.Key.Namespace == ns).Select(e => e.Value.Clone())], at ?? _version);
        }
    }

    /// <summary>One object, or null. <paramref name="ns"/> is "" for cluster-scoped kinds.</summary>
    public JsonObject? Get(ResourceKind kind, string ns, string name)
    {
        lock (_lock)
            return Shared(kind).GetValueOrDefault(new(ns, name))?.Clone();
    }

    /// <summary>Stores a new object and returns it as stored. The name comes from <c>generateName</c> if it is missing.</summary>
    /// <param name="dryRun">Do everything but store it; the answer then has no resourceVersion.</param>
    /// <exception cref="StatusException">409: the name is taken.</exception>
    public JsonObject Create(ResourceKind kind, JsonObject obj, bool dryRun = false)
    {
        var made = obj.Clone();
        made["apiVersion"] = kind.ApiVersion;
        made["kind"] = kind.Kind;
        made.OmitEmpty();
        lock (_lock)
        {
            var metadata = made.Metadata;
            if (made.Name.Length == 0)
                metadata["name"] = FreeName(kind, made.Namespace, metadata["generateName"].Text());
            var key = ObjectKey.Of(made);
            if (Shared(kind).TryGetValue(key, out var present))
                throw StatusException.AlreadyExists(kind, key.Name, present.IsTerminating);
            metadata["uid"] = Guid.NewGuid().ToString();
            metadata["creationTimestamp"] = ObjectJson.Time(time.GetUtcNow());
            metadata.Remove("deletionTimestamp");
            metadata.Remove("deletionGracePeriodSeconds");
            metadata.Remove("resourceVersion");
            metadata.Remove("generation");
            if (kind.HasGeneration)
                metadata["generation"] = 1;
            return dryRun ? made : Commit(WatchEventType.Added, kind, made, null).Clone();
        }
    }

    /// <summary>Changes one object; <paramref name="change"/> gets a copy and returns what to store, or null to leave it.</summary>
    /// <returns>The object as stored afterwards, or null if there is no such object.</returns>
    /// <remarks>A change that changes nothing writes nothing. An object that is being deleted goes with its last finalizer.</remarks>
    public JsonObject? Modify(ResourceKind kind, string ns, string name, Func<JsonObject, JsonObject?> change, bool dryRun = false)
    {
        lock (_lock)
        {
            if (!Shared(kind).TryGetValue(new(ns, name), out var present))
                return null;
            var changed = change(present.Clone());
            if (changed is null)
                return present.Clone();
            KeepIdentity(kind, present, changed);
            changed.OmitEmpty();
            if (JsonNode.DeepEquals(changed, present))
                return present.Clone();
            if (dryRun)
                return changed.Clone();
            if (changed.IsTerminating && IsReleased(kind, changed))
                return Commit(WatchEventType.Deleted, kind, changed, present).Clone();
            return Commit(WatchEventType.Modified, kind, changed, present).Clone();
        }
    }

    /// <summary>Changes <c>status</c> in place; <paramref name="change"/> gets a copy of the whole object. Null if there is no such object.</summary>
    public JsonObject? UpdateStatus(ResourceKind kind, string ns, string name, Action<JsonObject> change) =>
        Modify(kind, ns, name, obj =>
        {
            change(obj);
            return obj;
        });

    /// <summary>Deletes one object as a DELETE request does.</summary>
    /// <param name="graceSeconds">Grace period of a pod that runs on a node; null means its own. Other kinds have none.</param>
    /// <param name="finalizer">A finalizer to add first: <c>foregroundDeletion</c> or <c>orphan</c>, for the garbage collector.</param>
    /// <returns>The object as it is now if it lives on for a while, or as it was last; null if there is none.</returns>
    /// <remarks>A scheduled pod gets its <c>deletionTimestamp</c>; the node ends the containers and calls <see cref="Remove"/>.</remarks>
    public DeletedObject? Delete(ResourceKind kind, string ns, string name, long? graceSeconds = null, string? finalizer = null)
    {
        lock (_lock)
        {
            if (!Shared(kind).TryGetValue(new(ns, name), out var present))
                return null;
            var changed = present.Clone();
            var metadata = changed.Metadata;
            if (finalizer is not null && !metadata.Array("finalizers").Any(f => f.Text() == finalizer))
                metadata.Array("finalizers").Add(finalizer);
            MarkDeleted(kind, changed, graceSeconds);
            if (IsReleased(kind, changed))
                return new(Commit(WatchEventType.Deleted, kind, changed, present).Clone(), Gone: true);
            if (!JsonNode.DeepEquals(changed, present))
                changed = Commit(WatchEventType.Modified, kind, changed, present);
            return new(changed.Clone(), Gone: false);
        }
    }

    /// <summary>Takes the object away now if its finalizers allow it; false if there is none of that uid.</summary>
    /// <param name="uid">Only the object with this uid; null means any.</param>
    public bool Remove(ResourceKind kind, string ns, string name, string? uid = null)
    {
        lock (_lock)
        {
            if (!Shared(kind).TryGetValue(new(ns, name), out var present) || (uid is not null && present.Uid != uid))
                return false;
            Delete(kind, ns, name, graceSeconds: 0);
            return true;
        }
    }

    /// <summary>Every present object as Added, then each change. Ends only by cancellation.</summary>
    /// <exception cref="StatusException">410: the reader was more than <see cref="HistoryLength"/> changes late; start again.</exception>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(ResourceKind kind, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (items, version) = ListAt(kind, null, null);
        foreach (var item in items)
            yield return new WatchEvent(WatchEventType.Added, kind, item, null, long.Parse(item.At("metadata", "resourceVersion").Text(), CultureInfo.InvariantCulture));
        await foreach (var change in WatchFromAsync(version, cancellation))
        {
            if (change.Kind == kind)
                yield return change;
        }
    }

    /// <summary>Changes of all kinds after <paramref name="version"/>, each with copies of its own. A version of the future is waited for.</summary>
    /// <exception cref="StatusException">410: the version is no longer kept.</exception>
    public async IAsyncEnumerable<WatchEvent> WatchFromAsync(long version, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            WatchEvent[] due;
            Task changed;
            lock (_lock)
            {
                if (version < _oldest)
                    throw StatusException.Expired($"too old resource version: {version} ({_oldest})");
                due = version >= _version ? [] : [.. _history.SkipWhile(e => e.Version <= version)];
                changed = _changed.Task;
            }
            foreach (var change in due)
            {
                yield return change with { Object = change.Object.Clone(), Previous = change.Previous?.Clone() };
                version = change.Version;
            }
            if (due.Length == 0)
                await changed.WaitAsync(cancellation);
        }
    }

    private SortedDictionary<ObjectKey, JsonObject> Shared(ResourceKind kind)
    {
        if (!_objects.TryGetValue(kind, out var objects))
            _objects[kind] = objects = [];
        return objects;
    }

    private JsonObject Commit(WatchEventType type, ResourceKind kind, JsonObject obj, JsonObject? previous)
    {
        obj.Metadata["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
        if (type == WatchEventType.Deleted)
            Shared(kind).Remove(ObjectKey.Of(obj));
        else
            Shared(kind)[ObjectKey.Of(obj)] = obj;
        _history.Enqueue(new(type, kind, obj, previous, _version));
        while (_history.Count > HistoryLength)
            _oldest = _history.Dequeue().Version;
        var waiting = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.SetResult();
        return obj;
    }

    private static void KeepIdentity(ResourceKind kind, JsonObject present, JsonObject changed)
    {
        var (was, now) = (present.Metadata, changed.Metadata);
        foreach (var key in (string[])["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "generation", "generateName"])
        {
            now.Remove(key);
            if (was[key] is { } kept)
                now[key] = kept.DeepClone();
        }
        changed["apiVersion"] = kind.ApiVersion;
        changed["kind"] = kind.Kind;
        if (kind.HasGeneration && !SameSpec(kind, present, changed))
            now["generation"] = was["generation"].Number() + 1;
    }

    // Binding a pod to a node changes nothing that its owner wanted.
    private static bool SameSpec(ResourceKind kind, JsonObject present, JsonObject changed)
    {
        if (kind != ResourceKinds.Pods || present.At("spec", "nodeName") is not null || changed.At("spec", "nodeName") is null)
            return JsonNode.DeepEquals(present["spec"], changed["spec"]);
        var unbound = changed.Object("spec").Clone();
        unbound.Remove("nodeName");
        return JsonNode.DeepEquals(present["spec"], unbound);
    }

    private void MarkDeleted(ResourceKind kind, JsonObject obj, long? graceSeconds)
    {
        var metadata = obj.Metadata;
        var grace = kind == ResourceKinds.Pods && obj.At("spec", "nodeName").Text().Length > 0 && obj.At("status", "phase").Text() is not ("Succeeded" or "Failed")
            ? graceSeconds ?? obj.At("spec", "terminationGracePeriodSeconds").Number(30)
            : 0;
        if (obj.IsTerminating && (kind != ResourceKinds.Pods || grace >= metadata["deletionGracePeriodSeconds"].Number()))
            return;
        if (kind.HasGeneration && !obj.IsTerminating)
            metadata["generation"] = metadata["generation"].Number() + 1;
        metadata["deletionTimestamp"] = ObjectJson.Time(time.GetUtcNow().AddSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
        if (kind == ResourceKinds.Namespaces)
            metadata.Remove("deletionGracePeriodSeconds");
    }

    private static bool IsReleased(ResourceKind kind, JsonObject obj) =>
        !obj.At("metadata", "finalizers").IsFilled()
        && !(kind == ResourceKinds.Namespaces && obj.At("spec", "finalizers").IsFilled())
        && obj.At("metadata", "deletionGracePeriodSeconds").Number() == 0;

    private string FreeName(ResourceKind kind, string ns, string prefix)
    {
        while (true)
        {
            var name = prefix + NameSuffix.Random(5);
            if (!Shared(kind).ContainsKey(new(ns, name)))
                return name;
        }
    }
}

/// <summary>What a deletion left: the object, and whether it is out of the store already.</summary>
public sealed record DeletedObject(JsonObject Object, bool Gone);

internal readonly record struct ObjectKey(string Namespace, string Name) : IComparable<ObjectKey>
{
    public static ObjectKey Of(JsonObject obj) => new(obj.Namespace, obj.Name);

    public int CompareTo(ObjectKey other)
    {
        var order = string.CompareOrdinal(Namespace, other.Namespace);
        return order != 0 ? order : string.CompareOrdinal(Name, other.Name);
    }
}
