using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>The files of a swapped workload, and its name, as its own container has them.</summary>
[Collection(TestCluster.Name)]
public sealed class VolumeTests(TestCluster cluster)
{
    private const string Running = "the-command-runs";

    private const string InCluster = """
        import json, os, ssl, urllib.request
        folder = "/var/run/secrets/kubernetes.io/serviceaccount/"
        token = open(folder + "token").read()
        url = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        body = json.dumps({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": open(folder + "namespace").read()}}})
        request = urllib.request.Request(url, body.encode(), {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
        print(json.load(urllib.request.urlopen(request, context=ssl.create_default_context(cafile=folder + "ca.crt")))["kind"])
        """;

    private const string WaitForUpdate = """
        import os, time
        path = "/etc/files/key"
        print("the-command-runs", flush=True)
        while open(path).read() != "changed": time.sleep(0.1)
        print(os.path.realpath(path).startswith("/etc/files/.."), os.readlink(path))
        """;

    [Fact]
    public async Task SmallVolumes_AreAtTheirOwnPaths_ReadOnly()
    {
        await using var files = await FilesWorkload.CreateAsync(cluster, "files-small");
        await using var run = await SwapAsync(files, [], "sh", "-c",
            "cat /etc/files/key /etc/files-secret/password /etc/podinfo/name $TELELAUNCH_ROOT/etc/files/key $TELEPRESENCE_ROOT/etc/files/key; echo; ls /etc/files; (echo x >/etc/files/key) 2>&1; cat /data/note");
        Assert.StartsWith("hello|s3cret|", run.Output, StringComparison.Ordinal);
        Assert.Contains("hello|hello|\nkey\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", run.Output, StringComparison.Ordinal);
        Assert.Contains("aren't mounted: /data", run.Errors, StringComparison.Ordinal);
        Assert.Contains("/data/note: No such file or directory", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InClusterClient_FindsTokenAndCertificate()
    {
        await using var files = await FilesWorkload.CreateAsync(cluster, "files-in-cluster");
        await using var run = await SwapAsync(files, [], "python3", "-c", InCluster);
        Assert.True(run.Output == "SelfSubjectAccessReview\n", run.ToString());
    }

    [Fact]
    public async Task InClusterClientOfDotNet_IsWhoThePodIs()
    {
        await using var files = await FilesWorkload.CreateAsync(cluster, "files-dotnet");
        await using var run = await SwapAsync(files, [], Programs.DotNetApp, "in-cluster", "kube-system", "0");
        // The API server names the account whose token came, in refusing what it may not do.
        Assert.True(run.Output.StartsWith("403 ", StringComparison.Ordinal) && run.Output.Contains("system:serviceaccount:", StringComparison.Ordinal), run.ToString());
    }

    [Fact]
    public async Task ChangeOfAConfigMap_IsSeen()
    {
        await using var files = await FilesWorkload.CreateAsync(cluster, "files-update");
        await using var run = Start(files, [], "python3", "-c", WaitForUpdate);
        await run.WaitForTextAsync(Running);
        await cluster.KubectlAsync("patch", $"configmap/{files.Name}", "-p", """{"data":{"key":"changed"}}""");
        await run.WaitForExitAsync();
        Assert.True(run.Output.EndsWith("True ..data/key\n", StringComparison.Ordinal), run.ToString());
    }

    [Fact]
    public async Task HostName_IsThePods_UnlessKept()
    {
        await using var files = await FilesWorkload.CreateAsync(cluster, "files-name");
        string[] names = ["sh", "-c", "hostname; uname -n; python3 -c 'import socket; print(socket.gethostname())'"];
        await using var run = await SwapAsync(files, [], names);
        var said = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(said.Length == 3 && said.Distinct().Count() == 1 && said[0] != Environment.MachineName, run.ToString());

        await files.ReadyAsync();
        await using var kept = await SwapAsync(files, ["--keep-hostname"], "hostname");
        Assert.Equal(Environment.MachineName, kept.Output.Trim());
    }

    [Fact]
    public async Task LargeVolume_IsFetchedOnDemand_AndWrittenBack()
    {
        await using var files = await FilesWorkload.CreateAsync(cluster, "files-large");
        // The other container of the pod holds a file of 1 GiB in /data, and answers what it finds there.
        await using var run = await SwapAsync(files, ["--mount", "true:rw"], "sh", "-c",
            "cat /data/note; stat -c %s /data/large; ls /data; echo mine >/data/new.tmp; mkdir /data/folder; mv /data/new.tmp /data/folder/new; " +
            "cat /data/folder/new; cd /data || cat $TELELAUNCH_ROOT/data/note");
        Assert.True(run.Output == "from the pod\n1073741824\nlarge\nnote\nmine\nfrom the pod\n", run.ToString());
        Assert.Contains("/data (on demand, writable)", run.Errors, StringComparison.Ordinal);
        Assert.Contains("can't be a working directory", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsWritten_IsSeenByThePodsOtherContainer()
    {
        await using var files = await FilesWorkload.CreateAsync(cluster, "files-written");
        await using var run = Start(files, ["--mount", "true:rw"], "sh", "-c", $"echo mine >/data/mine; echo {Running}; read line");
        await run.WaitForTextAsync(Running);
        var pod = (await cluster.GetAsync("pods", "-l", $"app={files.Name}"))["items"]!.AsArray()
            .Select(item => (string)item!["metadata"]!["name"]!).First(name => name.StartsWith("telelaunch-", StringComparison.Ordinal));
        await Eventually.SeeAsync(
            () => cluster.KubectlAsync("exec", pod, "-c", "side", "--", "sh", "-c", "cat /data/mine || true"), text => text == "mine\n", "the other container has what was written");
        run.CloseInput();
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode is 0 or 1, run.ToString());
    }

    [Fact]
    public async Task NoMount_ShowsNothing()
    {
        await using var files = await FilesWorkload.CreateAsync(cluster, "files-none");
        await using var run = await SwapAsync(files, ["--mount", "false"], "sh", "-c", "cat /etc/files/key; echo \"root=$TELELAUNCH_ROOT\"");
        Assert.Equal("root=\n", run.Output);
    }

    private Task<ProcessRun> SwapAsync(FilesWorkload workload, string[] options, params string[] command) => cluster.TelelaunchAsync(["run", "-s", workload.Name + ":app", .. options, "--", .. command]);

    private ProcessRun Start(FilesWorkload workload, string[] options, params string[] command) =>
        ProcessRun.Start(TestCluster.Telelaunch, ["run", "-s", workload.Name + ":app", .. options, "--", .. command], cluster.Variables(), cluster.Scratch);

    /// <summary>A Deployment with one of each kind of volume, and a second container that shares the large one.</summary>
    private sealed class FilesWorkload : IAsyncDisposable
    {
        private readonly TestCluster _cluster;

        private FilesWorkload(TestCluster cluster, string name)
        {
            _cluster = cluster;
            Name = name;
        }

        public string Name { get; }

        public static async Task<FilesWorkload> CreateAsync(TestCluster cluster, string name)
        {
            var manifests = (await File.ReadAllTextAsync(Path.Combine(TestCluster.Root, "integration", "volume-workload.yaml")))
                .Replace("NAME", name, StringComparison.Ordinal).Replace("docker.io/library/python:3.12-slim", TestCluster.PythonImage, StringComparison.Ordinal);
            var file = Path.Combine(cluster.Scratch, name + ".yaml");
            await File.WriteAllTextAsync(file, manifests);
            await cluster.KubectlAsync("apply", "-f", file);
            var workload = new FilesWorkload(cluster, name);
            await workload.ReadyAsync();
            return workload;
        }

        public Task<string> ReadyAsync() => _cluster.KubectlAsync("rollout", "status", $"deployment/{Name}", "--timeout=120s");

        public async ValueTask DisposeAsync() =>
            await _cluster.KubectlAsync("delete", $"deployment/{Name}", $"configmap/{Name}", $"secret/{Name}", "--ignore-not-found", "--wait=false");
    }
}
