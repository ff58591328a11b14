using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Telelaunch.EndToEnd.Dotnet;

/// <summary>What the SDK starts is in the cluster.</summary>
[Collection(TestCluster.Name)]
public sealed partial class DotnetSdkTests(TestCluster cluster) : IClassFixture<GrpcWorkload>
{
    [Theory, InlineData("net8.0"), InlineData("net9.0"), InlineData("net10.0")]
    public async Task Run_BuildsAndAnswers(string runtime)
    {
        await using var run = await DotnetAsync("Calls", "run", "-c", "Release", "-f", runtime);
        AssertAllAnswered(run);
        // The application, and nothing of the SDK.
        Assert.True(Regex.Count(run.Errors, "^telelaunch: in: ", RegexOptions.Multiline) == 1 && DotnetPrograms.TimesIn(run.Errors, "calls", runtime[3..]) == 1, run.ToString());
    }

    [Fact]
    public async Task RunOfAFile_Answers()
    {
        var folder = Directory.CreateDirectory(Path.Combine(cluster.Scratch, "file")).FullName;
        var file = Path.Combine(folder, "ask.cs");
        var (usings, types) = Split(await File.ReadAllTextAsync(Path.Combine(DotnetPrograms.Project("Calls"), "Call.cs")));
        var versions = await File.ReadAllTextAsync(Path.Combine(TestCluster.Root, "Directory.Packages.props"));
        var packages = new[] { "Grpc.Net.Client", "Npgsql", "StackExchange.Redis", "System.IO.Hashing" }
            .Select(name => $"#:package {name}@{Regex.Match(versions, $"\"{Regex.Escape(name)}\" Version=\"([^\"]+)\"").Groups[1].Value}\n");
        await File.WriteAllTextAsync(file, $"{string.Concat(packages)}{usings}return await Call.RunAsync(args);\n{types}");
        await using var run = await cluster.TelelaunchAsync([.. DotnetPrograms.RunWithHook(cluster), DotnetPrograms.Muxer, "run", file]);
        AssertAllAnswered(run);
        // Such a program has hooks switched off, as one that is to be compiled ahead of time: it is repaired.
        Assert.True(DotnetPrograms.TimesIn(run.Errors, "ask") == 1, run.ToString());
    }

    [Theory, InlineData("VsTest"), InlineData("Platform")]
    public async Task Test_RunsInTheCluster(string kind)
    {
        await using var run = await DotnetAsync($"Calls.{kind}", "test", "-c", "Release", "--no-build");
        Assert.True(run.ExitCode == 0, run.ToString());
        // Six clients on each runtime; each of the two runners has words of its own for it.
        Assert.Equal(DotnetPrograms.Runtimes.Length * DotnetPrograms.Clients.Count, kind == "VsTest"
            ? PassedOfVsTest().Matches(run.Output).Sum(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))
            : int.Parse(PassedOfPlatform().Match(run.Output).Groups[1].Value, CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Interactive_Answers()
    {
        var script = Path.Combine(cluster.Scratch, "ask.fsx");
        var libraries = Directory.GetFiles(Path.GetDirectoryName(DotnetPrograms.File("net10.0", "framework-dependent"))!, "*.dll");
        await File.WriteAllTextAsync(script, $"{string.Concat(libraries.Select(library => $"#r @\"{library}\"\n"))}exit ((Call.RunAsync [||]).Result)\n");
        await using var run = await cluster.RunAsync(DotnetPrograms.Muxer, "fsi", script);
        AssertAllAnswered(run);
    }

    /// <summary>A change of a method goes into the process that runs, one that can't starts it anew; either way it stays in the cluster.</summary>
    [Fact]
    public async Task Watch_StaysInTheClusterThroughHotReloadAndRestart()
    {
        var folder = Directory.CreateDirectory(Path.Combine(cluster.Scratch, "watched")).FullName;
        var source = Path.Combine(folder, "Program.cs");
        await File.WriteAllTextAsync(Path.Combine(folder, "watched.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings></PropertyGroup>
            </Project>
            """);
        await WriteAsync("first", "");
        await using var run = ProcessRun.Start(
            TestCluster.Telelaunch, [.. DotnetPrograms.RunWithHook(cluster), DotnetPrograms.Muxer, "watch", "--non-interactive", "run"], cluster.Variables(("DOTNET_WATCH_RESTART_ON_RUDE_EDIT", "1")), folder);
        var first = await run.WaitForLineAsync("first: ");
        // The program runs before the files are watched.
        await run.WaitForTextAsync("Waiting for changes");
        await WriteAsync("second", "");
        var second = await run.WaitForLineAsync("second: ");
        Assert.Equal(Process(first), Process(second));
        // Another base class can't be given to a type that lives.
        await WriteAsync("third", " : ArgumentException");
        var third = await run.WaitForLineAsync("third: ");
        Assert.NotEqual(Process(first), Process(third));
        Assert.All([first, second, third], line => Assert.Contains("hello", line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..], StringComparison.Ordinal));
        await run.SignalAsync("TERM");
        await run.WaitForExitAsync();
        // Ours runs beside the hook of dotnet watch.
        Assert.True(DotnetPrograms.TimesIn(run.Errors, "watched") == 2, run.ToString());

        Task WriteAsync(string word, string parent) => File.WriteAllTextAsync(source, $$"""
            using var client = new HttpClient();
            while (true)
            {
                Console.WriteLine(Said.Word() + ": " + Environment.ProcessId + " " + (await client.GetStringAsync("http://hello/")).Trim());
                await Task.Delay(100);
            }

            class Said{{parent}} { public static string Word() => "{{word}}"; }
            """);
        static string Process(string line) => line.Split(' ')[1];
    }

    /// <summary>The SDK itself stays outside: it finds a package source where it finds it without Telelaunch, and none by a name of the cluster's.</summary>
    [Fact]
    public async Task Restore_GoesItsNormalWay()
    {
        var folder = Directory.CreateDirectory(Path.Combine(cluster.Scratch, "restored")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "restored.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
              <ItemGroup><PackageReference Include="Nobody.Has.This" Version="1.0.0" /></ItemGroup>
            </Project>
            """);
        string[] restore = [DotnetPrograms.Muxer, "restore", folder, "--source", "https://hello/index.json"];
        await using var inside = await cluster.RunAsync(restore);
        await using var outside = await ProcessRun.CompleteAsync(restore[0], restore[1..], cluster.Variables());
        Assert.Equal(outside.ExitCode, inside.ExitCode);
        Assert.All([outside, inside], run => Assert.Contains("(hello:443)", run.Output, StringComparison.Ordinal));
    }

    private static void AssertAllAnswered(ProcessRun run)
    {
        Assert.True(run.ExitCode == 0, run.ToString());
        foreach (var (client, answer) in DotnetPrograms.Clients)
            Assert.True(run.Output.Contains($"{client}: {answer}", StringComparison.Ordinal), $"{client}\n{run}");
    }

    /// <summary>A command of the SDK that has all the runtimes, in the folder of a project.</summary>
    private Task<ProcessRun> DotnetAsync(string project, params string[] arguments) =>
        ProcessRun.CompleteAsync(TestCluster.Telelaunch, [.. DotnetPrograms.RunWithHook(cluster), DotnetPrograms.Muxer, .. arguments], cluster.Variables(("DOTNET_ROOT", null), ("DOTNET_ROOT_X64", null)), DotnetPrograms.Project(project));

    /// <summary>A source file as its usings and the rest.</summary>
    private static (string Usings, string Types) Split(string source)
    {
        var lines = source.Split('\n');
        var usings = lines.TakeWhile(line => line.StartsWith("using ", StringComparison.Ordinal)).ToList();
        return ($"{string.Join('\n', usings)}\n", string.Join('\n', lines[usings.Count..]));
    }

    [GeneratedRegex(@"Passed!.*Passed: *([0-9]+)")]
    private static partial Regex PassedOfVsTest();

    [GeneratedRegex(@"succeeded: *([0-9]+)")]
    private static partial Regex PassedOfPlatform();
}
