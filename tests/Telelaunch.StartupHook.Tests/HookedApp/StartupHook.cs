/// <summary>A startup hook of the user's own, to run beside ours.</summary>
internal static class StartupHook
{
    public static void Initialize() => Console.WriteLine("hello from the user's hook");
}
