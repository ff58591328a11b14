using Telelaunch.Cluster;
using Telelaunch.Net;
using Telelaunch.Restorer;

// telelaunch-restorer LEASE                     wait until the session's Lease is dead, then delete it with all that it owns
// telelaunch-restorer LEASE TYPE/NAME SESSION   the same, and put the workload back first
// telelaunch-restorer ready                     exit code 0 once the Lease was seen (the Pod's exec probe)
try
{
    switch (args)
    {
        case ["ready"]:
            return File.Exists(RestorerWatch.ReadyFile) ? 0 : 1;
        case [var lease]:
            return await RunAsync(new(lease, null, null));
        case [var lease, var workload, var session] when WorkloadReference.TryParse(workload) is { } reference:
            return await RunAsync(new(lease, reference, session));
        default:
            throw new UsageException("bad-arguments", $"'{string.Join(' ', args)}' isn't known.", "telelaunch-restorer LEASE [TYPE/NAME SESSION]");
    }
}
catch (TelelaunchException error)
{
    Console.Error.WriteLine($"telelaunch-restorer: {error.Code}: {error.Message}\n                     {error.Remedy}");
    return error is UsageException ? 2 : 1;
}

static async Task<int> RunAsync(RestorerTask task)
{
    using var stop = new CancellationTokenSource();
    using var term = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, context =>
    {
        context.Cancel = true;
        stop.Cancel();
    });
    using var connection = new ClusterConnection(Kubeconfig.Load(new()));
    try
    {
        await new RestorerWatch(connection, connection.Kubeconfig.Namespace, task, TimeProvider.System, line => Console.Out.WriteLine($"telelaunch-restorer: {line}")).RunAsync(stop.Token);
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        // The Pod is being deleted: the session has ended, and what it owned goes.
    }
    return 0;
}
