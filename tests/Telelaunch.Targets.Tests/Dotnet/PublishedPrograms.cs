using System.Diagnostics;
using Xunit;

namespace Telelaunch.Targets.Tests.Dotnet;

/// <summary>One small console program, published in every form by the real SDK, once for all tests.</summary>
public sealed class PublishedPrograms : IAsyncLifetime
{
    public const string Collection = "published programs";

    /// <summary>A module initializer, an exception's line numbers and an exit code: what weaving must leave as it is.</summary>
    private const string Source = """
        using System.Runtime.CompilerServices;
        try { Thrower.Throw(args.Length); } catch (Exception error) { Console.WriteLine(error.StackTrace); }
        Console.WriteLine($"hello {string.Join(',', args)} {Init.Text}");
        return 7;

        static class Thrower
        {
            [MethodImpl(MethodImplOptions.NoInlining)]
            public static void Throw(int count) => throw new InvalidOperationException($"{count}");
        }

        static class Init
        {
            public static string Text = "";

            [ModuleInitializer]
            internal static void Run() => Text += "initialized";
        }
        """;

    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <AssemblyName>small</AssemblyName>
            <InvariantGlobalization>true</InvariantGlobalization>
          </PropertyGroup>
        </Project>
        """;

    private const string Runtime = "linux-x64";

    public string Folder { get; } = Directory.CreateTempSubdirectory("telelaunch-published-").FullName;

    /// <summary>With <c>small.dll</c> and the host <c>small</c>.</summary>
    public string FrameworkDependent => Program("framework-dependent");

    /// <summary>The same for .NET 8.</summary>
    public string Older => Program("older");

    public string SelfContained => Program("self-contained");

    /// <summary>On a shared framework, with startup hooks switched off.</summary>
    public string SingleFile => Program("single-file");

    /// <summary>With everything in it, compressed.</summary>
    public string SelfContainedSingleFile => Program("self-contained-single-file");

    public string Trimmed => Program("trimmed");

    /// <summary>Telelaunch itself where it was built for release: then there is nothing to compile.</summary>
    public string NativeAot => Own ?? Program("native-aot");

    /// <summary>A folder that looks like an installation with these versions of Microsoft.NETCore.App.</summary>
    public string Installation(params string[] versions)
    {
        var root = Directory.CreateDirectory(Path.Combine(Folder, $"installation-{string.Join('-', versions)}")).FullName;
        Directory.CreateDirectory(Path.Combine(root, "host", "fxr"));
        foreach (var version in versions) Directory.CreateDirectory(Path.Combine(root, "shared", "Microsoft.NETCore.App", version));
        return root;
    }

    /// <summary>A copy of the framework-dependent program whose runtimeconfig.json was changed.</summary>
    public string WithConfig(string name, Func<string, string> change)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(FrameworkDependent)!)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        var config = Path.Combine(folder, "small.runtimeconfig.json");
        File.WriteAllText(config, change(File.ReadAllText(config)));
        return Path.Combine(folder, "small");
    }

    public static string HooksOff(string config) => config.Replace("\"configProperties\": {", "\"configProperties\": { \"System.StartupHookProvider.IsSupported\": false,", StringComparison.Ordinal);

    public async Task InitializeAsync()
    {
        string[] alone = ["-r", Runtime, "--self-contained"], shared = ["-r", Runtime, "--no-self-contained"];
        // One after the other: the compiler's server serves them all, and the machine has other tests to run.
        await PublishAsync("framework-dependent", "net10.0", []);
        await PublishAsync("older", "net8.0", []);
        await PublishAsync("self-contained", "net10.0", alone);
        await PublishAsync("single-file", "net10.0", [.. shared, "-p:PublishSingleFile=true", "-p:StartupHookSupport=false"]);
        await PublishAsync("self-contained-single-file", "net10.0", [.. alone, "-p:PublishSingleFile=true", "-p:EnableCompressionInSingleFile=true"]);
        await PublishAsync("trimmed", "net10.0", [.. alone, "-p:PublishTrimmed=true"]);
        if (Own is null) await PublishAsync("native-aot", "net10.0", ["-r", Runtime, "-p:PublishAot=true"]);
    }

    public Task DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return Task.CompletedTask;
    }

    // A build for development has its assembly beside it.
    private static string? Own { get; } = Path.Combine(Repository(), "artifacts", "telelaunch") is var built && File.Exists(built) && !File.Exists((File.ResolveLinkTarget(built, true)?.FullName ?? built) + ".dll") ? built : null;

    private static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Telelaunch.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    private string Program(string form) => Path.Combine(Folder, form, "out", "small");

    private async Task PublishAsync(string form, string framework, string[] options)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, form)).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "small.csproj"), Project.Replace("net10.0", framework, StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), Source);
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["publish", "--nologo", "-v", "quiet", "-c", "Release", "-o", "out", .. options]) start.ArgumentList.Add(argument);
        // The test host's own settings of MSBuild aren't for another build.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList()) start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"dotnet publish ({form}): {output}{await errors}");
    }
}

[CollectionDefinition(PublishedPrograms.Collection)]
public sealed class PublishedProgramsCollection : ICollectionFixture<PublishedPrograms>;
