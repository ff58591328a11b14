using System.Reflection;

/// <summary>What a startup hook is to the runtime: a type of this name in no namespace. It leaves a mark, and says whose entry assembly it was run in.</summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable("HOOK_MARKER") is { } marker) File.WriteAllText(marker, Assembly.GetEntryAssembly()!.GetName().Name);
    }
}
