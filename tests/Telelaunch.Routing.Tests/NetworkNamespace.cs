using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Routing.Tests;

/// <summary>What a program left behind.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Errors);

/// <summary>A network namespace of a test's own, in which only lo is up.</summary>
internal sealed partial class NetworkNamespace : IDisposable
{
    private const int CLONE_NEWNET = 0x40000000; // sched.h

    private readonly List<Process> _started = [];

    public NetworkNamespace()
    {
        Name = $"tl-test-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}";
        Host("ip", "netns", "add", Name);
        try
        {
            Check("ip", "link", "set", "lo", "up");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Name { get; }

    /// <summary>Runs code on a thread that is in the namespace: netlink sockets, TUN links and sockets made there belong to it for good.</summary>
    public T Run<T>(Func<T> make)
    {
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using (SafeFileHandle handle = File.OpenHandle($"/run/netns/{Name}"))
                {
                    if (setns(handle, CLONE_NEWNET) != 0)
                        throw new Win32Exception(Marshal.GetLastPInvokeError());
                }

                result = make();
            }
            catch (Exception error)
            {
                failure = error;
            }
        })
        { IsBackground = true };
        thread.Start();
        thread.Join();
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        return result!;
    }

    public void Run(Action make) => Run(() =>
    {
        make();
        return true;
    });

    /// <summary>Runs a program in the namespace until its end.</summary>
    public Outcome Execute(string program, params string[] arguments) => Finish(Start(program, arguments));

    /// <summary>As <see cref="Execute"/>; fails where the program does.</summary>
    public string Check(string program, params string[] arguments)
    {
        Outcome outcome = Execute(program, arguments);
        Assert.True(outcome.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {outcome.ExitCode} {outcome.Errors}{outcome.Output}");
        return outcome.Output;
    }

    /// <summary>Runs Python code in the namespace until its end.</summary>
    public string Python(string code) => Check("/usr/bin/python3", "-c", code).TrimEnd('\n');

    /// <summary>Starts a program in the namespace; it is killed with the namespace at the latest.</summary>
    public Process Start(string program, params string[] arguments)
    {
        Process process = Spawn("ip", ["netns", "exec", Name, program, .. arguments]);
        lock (_started)
            _started.Add(process);
        return process;
    }

    public static Outcome Finish(Process process)
    {
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Outcome(process.ExitCode, output, errors.Result);
    }

    /// <summary>All that system-wide routing could change in the namespace's kernel state.</summary>
    public string Snapshot()
    {
        string links = Check("ip", "-o", "link");
        string addresses = Check("ip", "-o", "address");
        string rules = Check("ip", "rule") + Check("ip", "-6", "rule");
        string routes = Check("ip", "route", "show", "table", "all") + Check("ip", "-6", "route", "show", "table", "all");
        return string.Join("\n--\n", links, addresses, rules, routes, Check("nft", "list", "ruleset"));
    }

    public void Dispose()
    {
        foreach (Process process in _started)
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }

        Host("ip", "netns", "delete", Name);
    }

    /// <summary>Runs a program outside; fails where it does.</summary>
    public static void Host(string program, params string[] arguments)
    {
        using Process process = Spawn(program, arguments);
        Outcome outcome = Finish(process);
        Assert.True(outcome.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {outcome.Errors}");
    }

    private static Process Spawn(string program, string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(SafeFileHandle fd, int nstype);
}
