namespace Telelaunch.Fuzz.Tests.Fuzzing;

/// <summary>One door through which others' bytes come in, and what must hold whatever they are.</summary>
/// <remarks>A target may keep a running part (a broker, a listener) from one input to the next: what an input breaks there, the next one's valid request shows.</remarks>
internal abstract class FuzzTarget : IAsyncDisposable
{
    /// <summary>kebab-case; names the target on the command line and its file below Regressions/.</summary>
    public abstract string Name { get; }

    /// <summary>Inputs of a bounded run.</summary>
    public abstract int Iterations { get; }

    /// <summary>Longest input, in bytes.</summary>
    public virtual int MaximumLength => 4096;

    /// <summary>Valid inputs to begin with: golden vectors, recordings.</summary>
    public abstract IReadOnlyList<byte[]> Corpus { get; }

    /// <summary>Starts what the inputs are sent to.</summary>
    public virtual Task StartAsync() => Task.CompletedTask;

    /// <summary>Sends one input.</summary>
    /// <exception cref="OracleException">What must hold doesn't. Any other exception is a failure too.</exception>
    public abstract Task RunAsync(byte[] input);

    /// <summary>Ends what <see cref="StartAsync"/> began; called also where that failed.</summary>
    protected virtual Task StopAsync() => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>What a target promises doesn't hold.</summary>
internal sealed class OracleException(string what) : Exception(what);

internal static class Oracle
{
    /// <summary>Only stops a hang: nothing is measured by it.</summary>
    public static readonly TimeSpan HangBound = TimeSpan.FromSeconds(60);

    public static void Must(bool holds, string what)
    {
        if (!holds)
            throw new OracleException(what);
    }

    /// <summary>Runs a parser that allocates nothing but what it returns: at most so many bytes, and so many more a byte of input.</summary>
    public static T Bounded<T>(int inputLength, long bytes, long bytesAByte, Func<T> parse)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        T result = parse();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Must(allocated <= bytes + (bytesAByte * inputLength), $"{allocated} bytes were allocated for an input of {inputLength}");
        return result;
    }
}
