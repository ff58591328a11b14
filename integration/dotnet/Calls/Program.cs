using System.Diagnostics;
using System.Globalization;

switch (args)
{
    // How long a start takes.
    case ["--nothing"]:
        return 0;

    // As an application host does: several programs at once, their output passed on.
    case ["--start", .. var commands]:
        var ended = await Task.WhenAll(commands.Select(async command =>
        {
            var words = command.Split(' ');
            using var child = Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true })!;
            Console.Write(await child.StandardOutput.ReadToEndAsync());
            await child.WaitForExitAsync();
            return child.ExitCode;
        }));
        return ended.Max();

    // For each line of input the call that it names; a program that lives.
    case ["--each-line"]:
        Console.WriteLine($"ready {Environment.ProcessId}");
        while (Console.ReadLine() is { } name) await Call.RunAsync([name]);
        return 0;

    // For each line of input so many requests, eight at once; answers how many a second.
    case ["--requests", var url]:
        using (var client = new HttpClient())
        {
            Console.WriteLine("ok ready");
            while (Console.ReadLine() is { } line)
            {
                var clock = Stopwatch.StartNew();
                var count = int.Parse(line, CultureInfo.InvariantCulture);
                await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, stop) => await client.GetByteArrayAsync(url, stop));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ok {count / clock.Elapsed.TotalSeconds:0.0}"));
            }
        }

        return 0;

    default:
        return await Call.RunAsync(args);
}
