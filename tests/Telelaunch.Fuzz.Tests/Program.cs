using System.Diagnostics;
using System.Security.Cryptography;
using Telelaunch.Fuzz.Tests.Fuzzing;

namespace Telelaunch.Fuzz.Tests;

/// <summary>The open-ended run: <c>make fuzz [SECONDS=60] [TARGET=mux-client] [INPUT=BASE64]</c>.</summary>
public static class Program
{
    /// <returns>0 when every promise held, 1 when one was broken, 2 for a wrong command line.</returns>
    public static async Task<int> Main(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        switch (arguments)
        {
            case ["instrument"]:
                Coverage.Instrument(AppContext.BaseDirectory);
                return 0;
            case ["run", var seconds, var failures, .. var names]:
                return await RunAsync(int.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture), failures, names);
            case ["replay", var name, var input]:
                return await ReplayAsync(name, Convert.FromBase64String(input));
            default:
                Console.Error.WriteLine("usage: instrument | run SECONDS FAILURES [TARGET…] | replay TARGET BASE64");
                return 2;
        }
    }

    private static async Task<int> RunAsync(int seconds, string failures, string[] names)
    {
        Coverage? coverage = Coverage.TryStart();
        Console.WriteLine(coverage is null ? "without coverage: the assemblies aren't instrumented" : "guided by coverage");
        int exitCode = 0;
        foreach (string name in names.Length > 0 ? names : FuzzTargets.All.Keys)
        {
            if (!FuzzTargets.All.TryGetValue(name, out Func<FuzzTarget>? create))
            {
                Console.Error.WriteLine($"no target {name}; there are: {string.Join(", ", FuzzTargets.All.Keys)}");
                return 2;
            }

            int seed = RandomNumberGenerator.GetInt32(int.MaxValue);
            long start = Stopwatch.GetTimestamp();
            FuzzReport report = await FuzzRun.RunAsync(create, seed, coverage, _ => Stopwatch.GetElapsedTime(start).TotalSeconds < seconds);
            Console.WriteLine($"{name}: {report.Executions} executions, corpus {report.Corpus}, seed {seed}");
            if (report.Failure is null)
                continue;
            exitCode = 1;
            Directory.CreateDirectory(failures);
            string file = Path.Combine(failures, $"{name}-{seed}-{report.Failure.Execution}");
            await File.WriteAllBytesAsync(file, report.Failure.Input);
            Console.WriteLine($"{report.Failure}\nsaved: {file}");
        }

        return exitCode;
    }

    private static async Task<int> ReplayAsync(string name, byte[] input)
    {
        await using FuzzTarget target = FuzzTargets.All[name]();
        await target.StartAsync();
        try
        {
            await FuzzRun.SendAsync(target, input);
        }
        catch (Exception error)
        {
            Console.WriteLine(new FuzzFailure(name, 0, 0, input, error));
            return 1;
        }

        Console.WriteLine($"{name}: nothing is broken by these {input.Length} bytes");
        return 0;
    }
}
