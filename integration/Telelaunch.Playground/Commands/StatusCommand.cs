namespace Telelaunch.Playground.Commands;

/// <summary>Says whether the playground runs, and where. Ends with 0 if it does, else with 1.</summary>
internal static class StatusCommand
{
    public static int Run(Options options)
    {
        var state = options.State;
        if (state.DaemonId is { } id)
        {
            Console.WriteLine($"up: process {id}, state {state.Path}\nexport KUBECONFIG={state.KubeConfig}");
            return 0;
        }
        Console.WriteLine(state.Exists ? $"down, but not cleaned up: run `playground down --state {state.Path}`" : "down");
        return 1;
    }
}
