using System.Diagnostics;
using System.Security.Cryptography;
using Telelaunch.Net;
using Telelaunch.Targets.Dotnet;
using Telelaunch.Targets.Tests.Dotnet;
using Telelaunch.Targets.Weaving;
using Xunit;

namespace Telelaunch.Targets.Tests.Weaving;

/// <summary>Woven programs are started: what they do must be what they did, and the hook must have run.</summary>
[Collection(PublishedPrograms.Collection)]
public sealed class ShadowFolderTests(PublishedPrograms published)
{
    private static readonly string Muxer = CommandSearch.Find("dotnet", Environment.GetEnvironmentVariable("PATH")).Path;

    /// <summary>This assembly serves as the hook, for its StartupHook (below) is what the runtime looks for.</summary>
    private static readonly string Hook = typeof(ShadowFolderTests).Assembly.Location;

    [Fact]
    public async Task WovenProgram_DoesWhatItDid_AndRunsTheHookFirst()
    {
        var program = published.WithConfig("to-weave", PublishedPrograms.HooksOff);
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(program)!, "appsettings.json"), "{}");
        var before = Hashes(Path.GetDirectoryName(program)!);
        var plain = await RunAsync([program, "a", "b"], hook: null);
        Assert.Contains("Program.cs:line ", plain.Output);
        Assert.EndsWith("hello a,b initialized\n", plain.Output, StringComparison.Ordinal);
        Assert.Equal(7, plain.ExitCode);

        var woven = ShadowFolder.Weave(Inspect(program), Path.Combine(published.Folder, "shadow"));
        var marker = Path.Combine(published.Folder, "hook-ran");
        var hooked = await RunAsync([woven, "a", "b"], Hook, marker);
        Assert.Equal(plain, hooked);
        Assert.Equal("small", await File.ReadAllTextAsync(marker));
        Assert.Equal(before, Hashes(Path.GetDirectoryName(program)!));
        Assert.Equal(Path.Combine(Path.GetDirectoryName(program)!, "appsettings.json"), new FileInfo(Path.Combine(Path.GetDirectoryName(woven)!, "appsettings.json")).LinkTarget);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("/no/such/hook.dll")]
    [InlineData("/bin/sh")]
    public async Task HookThatCannotRun_LeavesTheProgramAsItWas(string? hook)
    {
        var assembly = published.WithConfig($"to-weave-{hook?.Length}", text => text) + ".dll";
        var plain = await RunAsync([Muxer, assembly], hook: null);
        var woven = ShadowFolder.Weave(Inspect(Muxer, assembly), Path.Combine(published.Folder, $"shadow-{hook?.Length}"));
        Assert.Equal("small.dll", Path.GetFileName(woven));
        Assert.Equal(plain, await RunAsync([Muxer, woven], hook));
        Assert.Equal(7, plain.ExitCode);
    }

    [Fact]
    public void ProgramWithoutSymbols_IsWovenWithoutThem()
    {
        var program = published.WithConfig("no-symbols", text => text);
        File.WriteAllText(program + ".pdb", "something else");
        var woven = ShadowFolder.Weave(Inspect(program), Path.Combine(published.Folder, "shadow-no-symbols"));
        Assert.Equal("something else", File.ReadAllText(woven + ".pdb"));
    }

    [Theory]
    [InlineData("single-file", "single file")]
    [InlineData("trimmed", "trimmed")]
    [InlineData("native-aot", "ahead of time")]
    public void ProgramThatCannotBeWoven_IsRefusedWithTheReason(string form, string reason)
    {
        var program = form switch { "single-file" => published.SingleFile, "trimmed" => published.Trimmed, _ => published.NativeAot };
        var shadow = Path.Combine(published.Folder, "never");
        var error = Assert.Throws<UsageException>(() => ShadowFolder.Weave(Inspect(program), shadow));
        Assert.Equal("weave-not-possible", error.Code);
        Assert.Contains(reason, error.Message);
        Assert.False(Directory.Exists(shadow));
    }

    [Fact]
    public void ReadyToRunAssembly_IsRefused()
    {
        var target = Path.Combine(published.Folder, "never.dll");
        var error = Assert.Throws<UsageException>(() => HookWeaver.Weave(typeof(System.Text.Json.JsonDocument).Assembly.Location, target, []));
        Assert.Equal("weave-ready-to-run", error.Code);
        Assert.False(File.Exists(target));
    }

    [Fact]
    public void DamagedAssembly_IsRefusedOrWoven_AndNeverFailsOtherwise()
    {
        var bytes = File.ReadAllBytes(published.FrameworkDependent + ".dll");
        var random = new Random(20261123);
        var (source, target) = (Path.Combine(published.Folder, "damaged.dll"), Path.Combine(published.Folder, "damaged-woven.dll"));
        var refused = 0;
        for (var round = 0; round < 200; round++)
        {
            var damaged = bytes.ToArray();
            for (var change = random.Next(1, 20); change > 0; change--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(source, damaged);
            try
            {
                HookWeaver.Weave(source, target, []);
            }
            catch (UsageException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 1, 200);
    }

    private static DotnetProgram Inspect(params string[] words) =>
        DotnetProgram.Inspect(TargetProgram.Inspect(words[0], null), words, new DotnetPlace(Environment.GetEnvironmentVariable, "/"))!;

    private static List<string> Hashes(string folder) =>
        [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(file => $"{Path.GetFileName(file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}")];

    private static async Task<(int ExitCode, string Output)> RunAsync(string[] words, string? hook, string? marker = null)
    {
        var start = new ProcessStartInfo(words[0]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in words.Skip(1)) start.ArgumentList.Add(word);
        start.Environment[HookWeaver.HookVariable] = hook;
        start.Environment["HOOK_MARKER"] = marker;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await errors);
    }
}
