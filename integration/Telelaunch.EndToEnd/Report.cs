namespace Telelaunch.EndToEnd;

/// <summary>Numbers that a test measured and doesn't judge, for whoever reads the log of the run.</summary>
internal static class Report
{
    /// <summary>Adds a line to a report; <c>tests/run</c> shows it behind the suite. Without TEST_REPORTS nothing is written.</summary>
    /// <param name="name">What the numbers are about: the file's name without <c>.report</c>.</param>
    public static void Add(string name, string line)
    {
        if (Environment.GetEnvironmentVariable("TEST_REPORTS") is { Length: > 0 } directory)
            File.AppendAllText(Path.Combine(directory, name + ".report"), line + "\n");
    }
}
