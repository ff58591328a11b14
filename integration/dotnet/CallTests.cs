using Xunit;

/// <summary>Each call as a test: it runs where the test's process runs.</summary>
public sealed class CallTests
{
    public static TheoryData<string> Names => [.. Call.All.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task Answers(string name) => Assert.NotEmpty(await Call.All[name]());
}
