using System.Text.RegularExpressions;
using Xunit;

namespace Telelaunch.Documentation.Tests;

/// <summary><c>src/README.md</c> names code: what it names exists.</summary>
public sealed partial class LifeOfAConnectionTests
{
    private static readonly string[] CSharpSources = [.. Repository.Sources("src", "*.cs")];
    private static readonly string[] CSources = [.. Repository.Sources("native-shim", "*.c")];

    public static TheoryData<string, string> Methods => Named(MethodName(), match => (match.Groups[1].Value, match.Groups[2].Value));

    public static TheoryData<string, string> Types => Named(TypeName(), match => (match.Groups[1].Value, ""));

    public static TheoryData<string, string> Functions => Named(FunctionName(), match => (match.Groups[1].Value, ""));

    [Theory, MemberData(nameof(Methods))]
    public void MethodExists(string type, string method) =>
        Assert.Contains(CSharpSources, source => Declares(source, type) && Regex.IsMatch(source, $@"\b{method}\("));

    [Theory, MemberData(nameof(Types))]
    public void TypeExists(string type, string _) => Assert.Contains(CSharpSources, source => Declares(source, type));

    [Theory, MemberData(nameof(Functions))]
    public void FunctionExists(string function, string _) => Assert.Contains(CSources, source => Regex.IsMatch(source, $@"\b{function}\("));

    private static bool Declares(string source, string type) =>
        Regex.IsMatch(source, $@"\b(class|struct|record|record struct|interface|enum|delegate [\w<>]+) {type}\b");

    private static TheoryData<string, string> Named(Regex pattern, Func<Match, (string, string)> names)
    {
        var data = new TheoryData<string, string>();
        foreach (var (first, second) in pattern.Matches(Repository.Read("src", "README.md")).Select(names).Distinct()) data.Add(first, second);
        return data;
    }

    [GeneratedRegex(@"`([A-Z]\w+)\.([A-Z]\w+)`(?! \|)")]
    private static partial Regex MethodName();

    [GeneratedRegex(@"`([A-Z][a-z]\w+)`")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"`((?:shim|classify|libc)_\w+)`")]
    private static partial Regex FunctionName();
}
