using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Containers;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

// A volume of files, as the kubelet writes it, so that a change of several files shows all at once:
//   ..2026_11_23_01_02_03.123456/token      the files
//   ..data -> ..2026_11_23_01_02_03.123456  renamed over the old one
//   token -> ..data/token

/// <summary>The volumes of one pod, as directories.</summary>
internal sealed partial class PodVolumes(ObjectStore store, NodeSettings settings, string directory, TimeProvider time)
{
    private readonly Dictionary<string, string> _shown = [];
    private readonly Dictionary<string, string> _tokens = [];

    /// <summary>Makes every volume, or brings those of files up to date.</summary>
    /// <exception cref="VolumeException">Something that a volume needs is missing.</exception>
    public void SetUp(JsonObject pod, string podIp)
    {
        foreach (var volume in pod.At("spec", "volumes").Items())
        {
            var name = volume["name"].Text();
            var path = PathOf(pod, volume);
            if (FilesOf(pod, volume, podIp) is { } files)
                Show(pod, name, path, files);
            else if (!Directory.Exists(path))
                MakeDirectory(pod, path);
        }
    }

    /// <summary>Where a container's volumeMounts lead.</summary>
    public IReadOnlyList<ContainerMount> MountsOf(JsonObject pod, JsonObject container, IReadOnlyDictionary<string, string> environment)
    {
        var mounts = new List<ContainerMount>();
        foreach (var mount in container["volumeMounts"].Items())
        {
            var volume = pod.At("spec", "volumes").Items().FirstOrDefault(v => v["name"].Text() == mount["name"].Text())
                ?? throw new ContainerConfigException($"volume \"{mount["name"].Text()}\" not found");
            var files = IsFiles(volume);
            var source = PathOf(pod, volume);
            var below = mount["subPathExpr"] is { } expression ? PodEnvironment.Expand(expression.Text(), environment) : mount["subPath"].Text();
            if (below.Length > 0)
            {
                source = Path.Combine(source, below);
                if (!files && !Path.Exists(source))
                    MakeDirectory(pod, source);
                source = new FileInfo(source).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? source;
            }
            mounts.Add(new(source, mount["mountPath"].Text(), files || mount["readOnly"].IsTrue()));
        }
        return mounts;
    }

    private static bool IsFiles(JsonObject volume) =>
        volume["configMap"] is not null || volume["secret"] is not null || volume["projected"] is not null || volume["downwardAPI"] is not null;

    private string PathOf(JsonObject pod, JsonObject volume)
    {
        if (volume["hostPath"] is { } host)
            return host.At("path").Text();
        if (volume["persistentVolumeClaim"] is { } claim)
            return Path.Combine(settings.StateDirectory, "claims", pod.Namespace, claim.At("claimName").Text());
        return Path.Combine(directory, "volumes", volume["name"].Text());
    }

    private static void MakeDirectory(JsonObject pod, string path)
    {
        Directory.CreateDirectory(path);
        var mode = 511; // 0777
        if (pod.At("spec", "securityContext", "fsGroup") is { } group)
        {
            Runc.Own(path, 0, group.Number());
            mode |= 1024; // setgid
        }
        File.SetUnixFileMode(path, (UnixFileMode)mode);
    }

    // Path in the volume → content and mode; null: a volume that isn't made of files.
    private SortedDictionary<string, (byte[] Content, int Mode)>? FilesOf(JsonObject pod, JsonObject volume, string podIp)
    {
        if (!IsFiles(volume))
            return null;
        var name = volume["name"].Text();
        var files = new SortedDictionary<string, (byte[], int)>(StringComparer.Ordinal);
        if (volume["projected"] is JsonObject projected)
        {
            foreach (var source in projected["sources"].Items())
                AddSource(pod, name, source, (int)projected["defaultMode"].Number(420), podIp, files);
            return files;
        }
        AddSource(pod, name, volume, (int)(volume["configMap"] ?? volume["secret"] ?? volume["downwardAPI"]).At("defaultMode").Number(420), podIp, files);
        return files;
    }

    private void AddSource(JsonObject pod, string volume, JsonObject source, int mode, string podIp, SortedDictionary<string, (byte[], int)> files)
    {
        if (source["configMap"] is JsonObject map)
            AddObject(pod, volume, ResourceKinds.ConfigMaps, map, map["name"].Text(), mode, files);
        else if (source["secret"] is JsonObject secret)
            AddObject(pod, volume, ResourceKinds.Secrets, secret, secret["secretName"].Text() is { Length: > 0 } n ? n : secret["name"].Text(), mode, files);
        else if (source["downwardAPI"] is JsonObject downward)
            AddFields(pod, downward, mode, podIp, files);
        else if (source["serviceAccountToken"] is JsonObject token)
            files[token["path"].Text()] = (Encoding.ASCII.GetBytes(TokenOf(pod, volume)), mode);
    }

    private void AddObject(JsonObject pod, string volume, ResourceKind kind, JsonObject source, string name, int mode, SortedDictionary<string, (byte[], int)> files)
    {
        var optional = source["optional"].IsTrue();
        var found = store.Get(kind, pod.Namespace, name);
        if (found is null && !optional)
            throw new VolumeException(volume, $"{kind.Singular} \"{name}\" not found");
        var data = new Dictionary<string, byte[]>();
        foreach (var (key, value) in found?["data"].Strings() ?? [])
            data[key] = kind == ResourceKinds.Secrets ? Convert.FromBase64String(value) : Encoding.UTF8.GetBytes(value);
        foreach (var (key, value) in found?["binaryData"].Strings() ?? [])
            data[key] = Convert.FromBase64String(value);
        if (source["items"] is not JsonArray)
        {
            foreach (var (key, value) in data)
                files[key] = (value, mode);
            return;
        }
        foreach (var item in source["items"].Items())
        {
            if (data.TryGetValue(item["key"].Text(), out var value))
                files[item["path"].Text()] = (value, (int)item["mode"].Number(mode));
            else if (!optional)
                throw new VolumeException(volume, $"references non-existent {(kind == ResourceKinds.Secrets ? "secret" : "config")} key: {item["key"].Text()}");
        }
    }

    private static void AddFields(JsonObject pod, JsonObject source, int mode, string podIp, SortedDictionary<string, (byte[], int)> files)
    {
        foreach (var item in source["items"].Items())
        {
            var value = item["fieldRef"] is { } field
                ? FieldReference.Field(pod, podIp, field.At("fieldPath").Text())
                : FieldReference.Resource(
                    pod.At("spec", "containers").Items().First(c => c["name"].Text() == item.At("resourceFieldRef", "containerName").Text()),
                    item.At("resourceFieldRef", "resource").Text(), item.At("resourceFieldRef", "divisor").Text());
            files[item["path"].Text()] = (Encoding.UTF8.GetBytes(value), (int)item["mode"].Number(mode));
        }
    }

    private string TokenOf(JsonObject pod, string volume)
    {
        var account = pod.At("spec", "serviceAccountName").Text() is { Length: > 0 } name ? name : "default";
        if (_tokens.TryGetValue(account, out var token))
            return token;
        try
        {
            return _tokens[account] = settings.Token(pod.Namespace, account, pod.Name, pod.Uid);
        }
        catch (StatusException error)
        {
            // The account, or the pod itself, was deleted meanwhile: a mount that fails, and is tried again while the pod is wanted.
            throw new VolumeException(volume, $"failed to fetch token: {error.Message}");
        }
    }

    private void Show(JsonObject pod, string volume, string path, SortedDictionary<string, (byte[] Content, int Mode)> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, (content, mode)) in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{mode}\0{content.Length}\0"));
            hash.AppendData(content);
        }
        var digest = Convert.ToHexString(hash.GetHashAndReset());
        if (_shown.GetValueOrDefault(volume) == digest)
            return;
        Directory.CreateDirectory(path);
        var version = time.GetUtcNow().UtcDateTime.ToString("'..'yyyy_MM_dd_HH_mm_ss.", CultureInfo.InvariantCulture) + RandomNumberGenerator.GetInt32(1_000_000_000);
        foreach (var (name, (content, mode)) in files)
            WriteFile(pod, Path.Combine(path, version, name), content, mode);
        Directory.CreateDirectory(Path.Combine(path, version));
        var data = Path.Combine(path, "..data");
        var old = new DirectoryInfo(data).LinkTarget;
        File.CreateSymbolicLink(data + "_tmp", version);
        if (rename(data + "_tmp", data) != 0) // File.Move follows the link.
            throw new IOException($"rename {data}: errno {Marshal.GetLastPInvokeError()}");
        ShowNames(path, [.. files.Keys.Select(n => n.Split('/')[0]).Distinct()]);
        if (old is not null)
            Directory.Delete(Path.Combine(path, old), recursive: true);
        _shown[volume] = digest;
    }

    private static void ShowNames(string path, HashSet<string> names)
    {
        foreach (var entry in new DirectoryInfo(path).EnumerateFileSystemInfos().Where(e => !e.Name.StartsWith("..", StringComparison.Ordinal) && !names.Contains(e.Name)).ToList())
            File.Delete(entry.FullName);
        foreach (var name in names.Where(n => new FileInfo(Path.Combine(path, n)).LinkTarget is null))
            File.CreateSymbolicLink(Path.Combine(path, name), "..data/" + name);
    }

    private static void WriteFile(JsonObject pod, string path, byte[] content, int mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        if (pod.At("spec", "securityContext", "fsGroup") is { } group)
        {
            Runc.Own(path, 0, group.Number());
            mode |= 0x20; // group may read
        }
        File.SetUnixFileMode(path, (UnixFileMode)(mode & 511));
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rename(string from, string to);
}
