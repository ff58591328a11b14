using System.ComponentModel;
using System.Diagnostics;

namespace Telelaunch.Routing.Resolver;

/// <summary>Runs a program of this machine and waits for it.</summary>
internal static class HostProgram
{
    /// <summary>How long a program may take; resolvconf waits for its lock for up to 10 s.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>What one run has come to.</summary>
    /// <param name="Code">The exit code; -1: it couldn't be started, or was killed for taking too long.</param>
    /// <param name="Error">What it wrote on standard error, in one line.</param>
    internal sealed record Result(int Code, string Output, string Error);

    public static Result Run(string program, IReadOnlyList<string> arguments, string input = "")
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        // Of the environment nothing is taken over: whoever started us may have less rights than we.
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["LC_ALL"] = "C";
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> error = process.StandardError.ReadToEndAsync();
            Give(process, input);
            if (!process.WaitForExit(Longest))
            {
                process.Kill(entireProcessTree: true);
                return new(-1, "", $"{program} took longer than {Longest.TotalSeconds:F0} s.");
            }
            // A server that the program has started may keep the pipes open; what it says is of no interest.
            Task.WaitAll([output, error], TimeSpan.FromSeconds(1));
            return new(process.ExitCode, Read(output), Read(error).Trim().ReplaceLineEndings("; "));
        }
        catch (Win32Exception error)
        {
            return new(-1, "", error.Message);
        }
    }

    private static string Read(Task<string> text) => text.IsCompletedSuccessfully ? text.Result : "";

    private static void Give(Process process, string input)
    {
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It doesn't read; its exit code says why.
        }
    }
}
