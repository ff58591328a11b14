using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Tests.Node;

[Collection(PlaygroundCollection.Name)]
public sealed class PodLifeTests(RunningPlayground test)
{
    [NodeFact]
    public async Task Pod_RunsWithWhatItsSpecSays_AndLeavesNothingWhenDeleted()
    {
        await test.CreateAsync("/api/v1/namespaces/play/configmaps", """{"metadata": {"name": "settings"}, "data": {"color": "blue", "file.txt": "from the map"}}""");
        await test.CreatePodAsync("full", """
            "command": ["sleep", "$(SECONDS)"], "workingDir": "/tmp",
            "env": [{"name": "SECONDS", "value": "1000"}, {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}},
                    {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}, {"name": "BOTH", "value": "$(COLOR) $$(COLOR) $(NONE)"}],
            "securityContext": {"runAsUser": 1234, "runAsGroup": 2345, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}},
            "volumeMounts": [{"name": "map", "mountPath": "/map"}, {"name": "scratch", "mountPath": "/scratch"}]
            """, """
            "volumes": [{"name": "map", "configMap": {"name": "settings"}}, {"name": "scratch", "emptyDir": {}}],
            "securityContext": {"fsGroup": 3456, "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]}
            """);
        var pod = await test.AwaitReadyAsync("full");

        Assert.Equal("Running", pod.At("status", "phase").Text());
        Assert.Equal($"1234 2345 3456 1234 {pod.At("status", "podIP").Text()} full",
            (await test.ShellAsync("full", "echo $(id -u) $(id -g) $(id -G | tr ' ' '\\n' | grep 3456) $(stat -c %u /proc/1) $IP $(hostname)")).Trim());
        Assert.Equal("blue $(COLOR) $(NONE)|/tmp|from the map|0", (await test.ShellAsync("full",
            "echo \"$BOTH|$(pwd)|$(cat /map/file.txt)|$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)\"")).Trim());
        Assert.Contains("Read-only file system", await test.ShellAsync("full", "touch /usr/x; touch /scratch/y && echo written"));
        Assert.Contains("NoNewPrivs:\t1", await test.ShellAsync("full", "grep -E 'NoNewPrivs|CapBnd' /proc/self/status"));
        Assert.Contains("CapBnd:\t0000000000000000", await test.ShellAsync("full", "grep -E 'NoNewPrivs|CapBnd' /proc/self/status"));

        test.Store.Modify(ResourceKinds.ConfigMaps, "play", "settings", map =>
        {
            map.Object("data")["file.txt"] = "changed";
            return map;
        });
        Assert.Contains("changed", await test.ShellAsync("full", RunningPlayground.Until("cat /map/file.txt", "changed")));

        var directory = Path.Combine(test.Directory, "pods", pod.Uid);
        Assert.True(Directory.Exists(directory));
        await test.KubectlAsync(null, "delete", "pod", "full", "--wait=true");
        await test.AwaitAsync(ResourceKinds.Pods, "play", "full", p => p is null);
        Assert.DoesNotContain(Processes(), c => c.Contains(pod.Uid, StringComparison.Ordinal));
    }

    [NodeFact]
    public async Task ContainersThatEnd_GiveThePodItsFinalPhase()
    {
        await test.CreatePodAsync("well", "\"command\": [\"true\"]", "\"restartPolicy\": \"Never\"");
        await test.CreatePodAsync("badly", "\"command\": [\"sh\", \"-c\", \"exit 4\"]", "\"restartPolicy\": \"Never\"");

        var well = await test.AwaitPodAsync("well", p => p.At("status", "phase").Text() == "Succeeded");
        Assert.Equal("Completed", State(well, "terminated").At("reason").Text());
        Assert.Equal("PodCompleted", well.Condition("Ready")!["reason"].Text());
        var badly = await test.AwaitPodAsync("badly", p => p.At("status", "phase").Text() == "Failed");
        Assert.Equal(4, State(badly, "terminated").At("exitCode").Number());
    }

    [NodeTheory]
    [InlineData("late", "sleep 1000", 137)] // Process 1 has no handler for SIGTERM.
    [InlineData("late-well", "trap 'exit 0' TERM; sleep 1000 & wait", 0)]
    public async Task PodBeyondItsDeadline_FailsOnceItsContainersHaveEnded(string name, string script, int exitCode)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var version = test.Store.Version;
        await test.CreatePodAsync(name, $"\"command\": [\"sh\", \"-c\", \"{script}\"]", "\"restartPolicy\": \"Never\", \"activeDeadlineSeconds\": 2147483647");
        await test.AwaitReadyAsync(name);
        test.Store.Modify(ResourceKinds.Pods, "play", name, pod =>
        {
            pod.Object("spec")["activeDeadlineSeconds"] = 1;
            return pod;
        });

        var late = await test.AwaitPodAsync(name, p => p.At("status", "phase").Text() is "Failed" && p.Condition("PodReadyToStartContainers")?["status"].Text() == "False");
        Assert.Equal(exitCode, State(late, "terminated").At("exitCode").Number());
        Assert.Equal(("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
            (late.At("status", "reason").Text(), late.At("status", "message").Text()));
        Assert.Equal("ContainersReady False PodFailed, Initialized True , PodReadyToStartContainers False , PodScheduled True , Ready False PodFailed",
            string.Join(", ", late.At("status", "conditions").Items().Select(c => $"{c["type"].Text()} {c["status"].Text()} {c["reason"].Text()}").Order()));
        await foreach (var change in test.Store.WatchFromAsync(version, patience.Token))
        {
            if (change.Kind != ResourceKinds.Pods || change.Object.Name != name)
                continue;
            var phase = change.Object.At("status", "phase").Text();
            Assert.Equal(phase == "Failed", change.Object.At("status", "reason").Text() == "DeadlineExceeded");
            Assert.True(phase is "Pending" or "Running" || State(change.Object, "terminated") is not null, change.Object["status"]!.ToJsonString());
            if (change.Object.At("metadata", "resourceVersion").Text() == late.At("metadata", "resourceVersion").Text())
                break;
        }
    }

    [NodeFact]
    public async Task ContainerThatEndsAgainAndAgain_IsRestartedWithBackOff()
    {
        await test.CreatePodAsync("crash", "\"command\": [\"sh\", \"-c\", \"echo starting; exit 3\"]");

        var pod = await test.AwaitPodAsync("crash", p => State(p, "waiting").At("reason").Text() == "CrashLoopBackOff");
        Assert.Equal("Running", pod.At("status", "phase").Text());
        Assert.Equal($"back-off 1s restarting failed container=main pod=crash_play({pod.Uid})", State(pod, "waiting").At("message").Text());
        Assert.Equal(3, pod.At("status", "containerStatuses")![0].At("lastState", "terminated", "exitCode").Number());
        Assert.Equal("starting\n", (await test.KubectlAsync(null, "logs", "crash", "--previous")).Output);
    }

    [NodeFact]
    public async Task CommandThatIsNotInTheImage_IsAStartError()
    {
        await test.CreatePodAsync("bad-command", "\"command\": [\"/nosuch\"]");

        const string Message = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"/nosuch\": stat /nosuch: no such file or directory";
        var pod = await test.AwaitPodAsync("bad-command", p => State(p, "waiting").At("reason").Text() == "RunContainerError");
        Assert.Equal(Message, State(pod, "waiting").At("message").Text());
        var last = pod.At("status", "containerStatuses")![0].At("lastState", "terminated");
        Assert.Equal((128, "StartError", "1970-01-01T00:00:00Z"), (last.At("exitCode").Number(), last.At("reason").Text(), last.At("startedAt").Text()));
    }

    [NodeTheory]
    [InlineData("pull-missing", "IfNotPresent", "ImagePullBackOff")]
    [InlineData("pull-never", "Never", "ErrImageNeverPull")]
    public async Task ImageThatIsNotThere_IsWaitedFor(string name, string policy, string reason)
    {
        await test.CreatePodAsync(name, $"\"imagePullPolicy\": \"{policy}\"", image: "registry.example.com/nosuch/agent:1");

        var pod = await test.AwaitPodAsync(name, p => State(p, "waiting").At("reason").Text() == reason);
        Assert.Equal("Pending", pod.At("status", "phase").Text());
        Assert.Contains("\"registry.example.com/nosuch/agent:1\"", State(pod, "waiting").At("message").Text());
        Assert.Contains(test.Store.List(ResourceKinds.Events, "play"), e => e.At("involvedObject", "name").Text() == name && e["message"].Text() == "Error: " + reason);
    }

    [NodeFact]
    public async Task RootWhereRunAsNonRootIsAsked_IsRefused()
    {
        await test.CreatePodAsync("root-refused", "\"command\": [\"true\"], \"securityContext\": {\"runAsNonRoot\": true}");

        var pod = await test.AwaitPodAsync("root-refused", p => State(p, "waiting").At("reason").Text() == "CreateContainerConfigError");
        Assert.Equal($"container has runAsNonRoot and image will run as root (pod: \"root-refused_play({pod.Uid})\", container: main)", State(pod, "waiting").At("message").Text());
    }

    [NodeFact]
    public async Task UnsafeSysctl_FailsThePod()
    {
        await test.CreatePodAsync("unsafe", "\"command\": [\"true\"]", "\"securityContext\": {\"sysctls\": [{\"name\": \"net.ipv4.ip_forward\", \"value\": \"1\"}]}");

        var pod = await test.AwaitPodAsync("unsafe", p => p.At("status", "phase").Text() == "Failed");
        Assert.Equal("SysctlForbidden", pod.At("status", "reason").Text());
        Assert.Equal("Pod was rejected: forbidden sysctl: \"net.ipv4.ip_forward\" not allowlisted", pod.At("status", "message").Text());
    }

    [NodeFact]
    public async Task MissingSecret_KeepsThePodBackUntilItIsThere()
    {
        await test.CreatePodAsync("missing-volume", "\"command\": [\"sleep\", \"1000\"], \"volumeMounts\": [{\"name\": \"s\", \"mountPath\": \"/s\"}]",
            "\"volumes\": [{\"name\": \"s\", \"secret\": {\"secretName\": \"later\"}}]");
        const string Missing = "MountVolume.SetUp failed for volume \"s\" : secret \"later\" not found";
        await test.AwaitAnyAsync(ResourceKinds.Events, Missing, e => e["message"].Text() == Missing);
        Assert.Equal("ContainerCreating", State(test.Store.Get(ResourceKinds.Pods, "play", "missing-volume")!, "waiting").At("reason").Text());

        await test.CreateAsync("/api/v1/namespaces/play/secrets", """{"metadata": {"name": "later"}, "data": {"key": "dmFsdWU="}}""");
        await test.AwaitReadyAsync("missing-volume");
        Assert.Equal("value", await test.ShellAsync("missing-volume", "cat /s/key"));
    }

    [NodeFact]
    public async Task InitContainers_RunBeforeTheOthers()
    {
        await test.CreatePodAsync("init", "\"command\": [\"sh\", \"-c\", \"cat /shared/a; sleep 1000\"], \"volumeMounts\": [{\"name\": \"shared\", \"mountPath\": \"/shared\"}]", """
            "volumes": [{"name": "shared", "emptyDir": {}}],
            "initContainers": [{"name": "first", "image": "docker.io/library/debian:12", "command": ["sh", "-c", "echo made by init > /shared/a"], "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}]
            """);
        var pod = await test.AwaitReadyAsync("init");

        Assert.Equal("True", pod.Condition("Initialized")!["status"].Text());
        Assert.Contains("made by init", await test.ShellAsync("init", "cat /shared/a"));
    }

    private static System.Text.Json.Nodes.JsonNode? State(System.Text.Json.Nodes.JsonObject pod, string state) =>
        pod.At("status", "containerStatuses").Items().FirstOrDefault().At("state", state);

    private static IEnumerable<string> Processes() => Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)).Select(d =>
    {
        try
        {
            return File.ReadAllText(d + "/cmdline");
        }
        catch (IOException)
        {
            return ""; // It has ended meanwhile.
        }
    });
}
