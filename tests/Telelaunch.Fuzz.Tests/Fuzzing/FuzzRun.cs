using System.Diagnostics;

namespace Telelaunch.Fuzz.Tests.Fuzzing;

/// <summary>An input under which something that must hold didn't.</summary>
internal sealed record FuzzFailure(string Target, int Seed, int Execution, byte[] Input, Exception Error)
{
    public override string ToString() =>
        $"{Target}: input {Execution} from seed {Seed} fails: {Error.GetType().Name}: {Error.Message}\n"
        + $"replay: make fuzz TARGET={Target} INPUT={Convert.ToBase64String(Input)}\n{Error}";
}

/// <summary>How a run went.</summary>
internal sealed record FuzzReport(int Executions, int Corpus, FuzzFailure? Failure);

/// <summary>Sends inputs to a target until one fails, or enough were sent.</summary>
internal static class FuzzRun
{
    /// <param name="coverage">Where it says that an input took a new branch, the input joins the corpus.</param>
    /// <param name="goOn">Asked before each input with the number of those before it.</param>
    public static async Task<FuzzReport> RunAsync(Func<FuzzTarget> create, int seed, Coverage? coverage, Func<int, bool> goOn)
    {
        // What the runtime opens once and keeps is opened now.
        await using (FuzzTarget warmUp = create())
        {
            await warmUp.StartAsync();
            await SendAsync(warmUp, warmUp.Corpus[0]);
        }

        int descriptors = OpenDescriptors.Count;
        FuzzTarget target = create();
        FuzzFailure? failure = null;
        int executions = 0;
        var corpus = new List<byte[]>(target.Corpus);
        byte[] input = [];
        try
        {
            await target.StartAsync();
            var mutator = new Mutator(new Random(seed), target.MaximumLength);
            for (; goOn(executions); executions++)
            {
                // First everything as it is: valid inputs must pass, and regressions are among them.
                input = executions < target.Corpus.Count ? target.Corpus[executions] : mutator.Next(corpus);
                await SendAsync(target, input);
                if (coverage is not null && coverage.TakeNew() && executions >= target.Corpus.Count)
                    corpus.Add(input);
            }
        }
        catch (Exception error)
        {
            failure = new(target.Name, seed, executions, input, error);
        }

        await target.DisposeAsync().AsTask().WaitAsync(Oracle.HangBound);
        if (failure is null && await OpenDescriptors.RemainAboveAsync(descriptors) is { } left)
            failure = new(target.Name, seed, executions, input, new OracleException($"{descriptors} descriptors were open before, and afterwards {left}"));
        return new(executions, corpus.Count, failure);
    }

    /// <summary>Sends one input; one that hangs is a failure like any other.</summary>
    public static async Task SendAsync(FuzzTarget target, byte[] input)
    {
        Task sending = Task.Run(() => target.RunAsync(input));
        try
        {
            await sending.WaitAsync(Oracle.HangBound);
        }
        catch (TimeoutException) when (!sending.IsCompleted)
        {
            throw new OracleException("it hangs");
        }
    }
}

/// <summary>This process's sockets and pipes. (Files come and go with the assemblies that the runtime loads.)</summary>
internal static class OpenDescriptors
{
    public static int Count => List().Count;

    /// <summary>Waits until no more than so many are open: sockets under asynchronous work close a moment after they were disposed.</summary>
    /// <returns>What is open instead, in the end; null when they were closed.</returns>
    public static async Task<string?> RemainAboveAsync(int most)
    {
        long start = Stopwatch.GetTimestamp();
        while (Count > most)
        {
            if (Stopwatch.GetElapsedTime(start) > Oracle.HangBound)
                return $"{Count}: {string.Join(", ", List())}";
            await Task.Delay(20);
        }

        return null;
    }

    private static List<string> List() =>
    [
        .. Directory.GetFiles("/proc/self/fd")
            .Select(file => new FileInfo(file).LinkTarget ?? "")
            .Where(target => target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("pipe:", StringComparison.Ordinal)),
    ];
}
