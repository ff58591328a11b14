using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Telelaunch.Cli.Variables;

namespace Telelaunch.Cli.Tests.Variables;

public sealed class EnvironmentFormatTests
{
    private static readonly string[] Values =
    [
        "", "plain", "with space", " led and followed ", "two\nlines\n", "\n", "tab\there", "cr\rlf\r\n", "it's", "'", "''", "\"quoted\"", "it's \"both\"", "$HOME ${HOME} $(id) `id`",
        "'$HOME'", @"back\slash", @"ends in \", @"C:\\two", @"'C:\\'", "\\n is no newline", "# no comment", "a #b", "a=b", "%PATH%", "{\"json\":[1,2]}", "Größe ✓", "\u001b[31mred", "-----BEGIN KEY-----\nMIIE=\n-----END KEY-----\n",
        "Server=db;Password=p@ss'w\"o$rd\\;", "!history!", "*", "~", "&|;<>()",
    ];

    private static ContainerEnvironment All => Numbered(Values.Select(Encoding.UTF8.GetBytes));

    [Theory]
    [InlineData("bash", "C.UTF-8")]
    [InlineData("bash", "C")]
    [InlineData("dash", "C.UTF-8")]
    public async Task Shell_EvaluatesItToTheSameBytes(string shell, string locale)
    {
        byte[][] odd = [.. Values.Select(Encoding.UTF8.GetBytes), [0xff, 0xfe, (byte)'\'', 0x80], [.. Enumerable.Range(1, 255).Select(value => (byte)value)]];
        var environment = Numbered(odd);
        var text = EnvironmentFormat.Shell.Write(environment);
        Assert.Empty(text.Omitted);
        Assert.Equal(environment.Variables.Select(variable => Encoding.Latin1.GetString(variable.Entry)), await EvaluateAsync(shell, locale, text.Bytes));
    }

    [Theory]
    [InlineData("my.name")]
    [InlineData("my-name")]
    [InlineData("1ST")]
    [InlineData("BASH_FUNC_f%%")]
    [InlineData("UID")]
    [InlineData("_")]
    public void Shell_LeavesOutWhatItCannotExport(string name)
    {
        var text = EnvironmentFormat.Shell.Write(ContainerEnvironmentTests.Of($"{name}=x\0A=1\0"));
        Assert.Equal("export A='1'\n", Encoding.UTF8.GetString(text.Bytes));
        Assert.Equal(name, Assert.Single(text.Omitted).Name);
    }

    [Fact]
    public void Dotenv_IsReadBackByItsRules()
    {
        var text = EnvironmentFormat.Dotenv.Write(All);
        Assert.Empty(text.Omitted);
        Assert.Equal(All.Variables.Select(variable => Encoding.UTF8.GetString(variable.Entry)), DotenvReader.Read(Encoding.UTF8.GetString(text.Bytes)));
    }

    [Theory]
    [InlineData("http://+:8080", "A=http://+:8080\n")]
    [InlineData("", "A=\n")]
    [InlineData("two words", "A=two words\n")]
    [InlineData("a$b", "A='a$b'\n")]
    [InlineData("first\nsecond", "A='first\nsecond'\n")]
    [InlineData("it's", "A=\"it's\"\n")]
    [InlineData("it's $5", "A=\"it's \\$5\"\n")]
    public void Dotenv_QuotesNoMoreThanIsNeeded(string value, string line) =>
        Assert.Equal(line, Encoding.UTF8.GetString(EnvironmentFormat.Dotenv.Write(ContainerEnvironmentTests.Of($"A={value}\0")).Bytes));

    [Fact]
    public void Json_HoldsEveryText()
    {
        var text = EnvironmentFormat.Json.Write(All);
        Assert.Empty(text.Omitted);
        Assert.Equal(Values, JsonDocument.Parse(text.Bytes).RootElement.EnumerateObject().Select(property => property.Value.GetString()));
    }

    [Fact]
    public void LaunchSettings_IsAProfileOfTheProject()
    {
        var profile = JsonDocument.Parse(EnvironmentFormat.LaunchSettings.Write(ContainerEnvironmentTests.Of("A=\"1\"\n\0B=50% of 100%20x\0")).Bytes).RootElement.GetProperty("profiles").GetProperty("telelaunch");
        Assert.Equal("Project", profile.GetProperty("commandName").GetString());
        Assert.Equal("\"1\"\n", profile.GetProperty("environmentVariables").GetProperty("A").GetString());
        Assert.Equal("50% of 100%20x", profile.GetProperty("environmentVariables").GetProperty("B").GetString());
    }

    [Theory]
    [InlineData("%HOME%/x")]
    [InlineData("$(ProjectDir)")]
    public void LaunchSettings_LeavesOutWhatItWouldExpand(string value)
    {
        var text = EnvironmentFormat.LaunchSettings.Write(ContainerEnvironmentTests.Of($"A={value}\0"));
        Assert.Equal("A", Assert.Single(text.Omitted).Name);
        Assert.DoesNotContain(value, Assert.Single(text.Omitted).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void FormatsOfText_LeaveOutWhatIsNoText()
    {
        var environment = ContainerEnvironment.Of([.. "A="u8, 0xff, 0, .. "B=1\0"u8]);
        foreach (var format in (EnvironmentFormat[])[EnvironmentFormat.Dotenv, EnvironmentFormat.Json, EnvironmentFormat.LaunchSettings])
        {
            var text = format.Write(environment);
            Assert.Equal(new("A", "it isn't UTF-8"), Assert.Single(text.Omitted));
            Assert.Contains("B", Encoding.UTF8.GetString(text.Bytes), StringComparison.Ordinal);
        }
    }

    private static ContainerEnvironment Numbered(IEnumerable<byte[]> values) =>
        ContainerEnvironment.Of([.. values.SelectMany((value, index) => (byte[])[.. Encoding.ASCII.GetBytes($"TEST_{index}="), .. value, 0])]);

    // The shell's own child shows what it was given.
    private static async Task<string[]> EvaluateAsync(string shell, string locale, byte[] text)
    {
        var script = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(script, text);
            var start = new ProcessStartInfo(shell, ["-c", "eval \"$(cat \"$1\")\"; exec cat /proc/self/environ", shell, script]) { RedirectStandardOutput = true };
            start.Environment.Clear();
            start.Environment["LC_ALL"] = locale;
            start.Environment["PATH"] = "/usr/bin:/bin";
            using var process = Process.Start(start)!;
            using var output = new MemoryStream();
            await process.StandardOutput.BaseStream.CopyToAsync(output);
            await process.WaitForExitAsync();
            return [.. Encoding.Latin1.GetString(output.ToArray()).Split('\0').Where(entry => entry.StartsWith("TEST_", StringComparison.Ordinal))
                .OrderBy(entry => int.Parse(entry.AsSpan(5, entry.IndexOf('=', StringComparison.Ordinal) - 5), System.Globalization.CultureInfo.InvariantCulture))];
        }
        finally
        {
            File.Delete(script);
        }
    }
}
