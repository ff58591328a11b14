namespace Telelaunch.Bench;

/// <summary>What a process says once it is ready: some texts, each in a line of its own or together, in any order.</summary>
internal sealed class AwaitedLines(params string[] texts)
{
    private readonly HashSet<string> _missing = [.. texts];
    private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when all have been seen.</summary>
    public Task Seen => _seen.Task;

    /// <summary>Takes the next line; one caller at a time.</summary>
    public void Take(string line)
    {
        _missing.RemoveWhere(text => line.Contains(text, StringComparison.Ordinal));
        if (_missing.Count == 0)
            _seen.TrySetResult();
    }
}
