namespace Telelaunch.Cluster.Tests;

public class SwapClaimTests
{
    private static readonly SwapClaim s_claim = new()
    {
        Session = "s1",
        Owner = "jäne \"J\"@desk",
        Since = new DateTimeOffset(2026, 11, 23, 10, 5, 1, TimeSpan.FromHours(2)),
        Replicas = 3,
        Container = "main",
        TemplateHash = "00ff",
        Launcher = "boot.1/42/7",
        ExpirySeconds = 60,
    };

    [Fact]
    public void RoundTrip_KeepsEverything() => Assert.Equal(s_claim, SwapClaim.TryParse(s_claim.ToText()));

    [Fact]
    public void WhoAndSince_IsInUtc() => Assert.Equal("jäne \"J\"@desk since 2026-11-23 08:05 UTC", s_claim.WhoAndSince);

    [Fact]
    public void UnknownFieldsOfALaterVersion_AreNoObstacle() => Assert.Equal(s_claim, SwapClaim.TryParse(s_claim.ToText().Replace("{\"session\"", "{\"later\":{\"x\":[1]},\"session\"", StringComparison.Ordinal)));

    [Fact]
    public void WithoutExpiry_ThereIsNoRestorer() => Assert.Equal(0, SwapClaim.TryParse(s_claim.ToText().Replace(",\"expirySeconds\":60", "", StringComparison.Ordinal))!.ExpirySeconds);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("by hand")]
    [InlineData("""{"session":"s1","replicas":3}""")]
    public void TextOfAnotherHand_IsUnreadable(string text) => Assert.Null(SwapClaim.TryParse(text));

    [Theory]
    [InlineData("\"session\":\"s1\"", "\"session\":null")]
    [InlineData("\"session\":\"s1\"", "\"session\":\"\"")]
    [InlineData("\"session\":\"s1\"", "\"session\":\"../x\"")]
    [InlineData("\"session\":\"s1\"", "\"session\":7")]
    [InlineData("\"replicas\":3", "\"replicas\":-1")]
    [InlineData("\"replicas\":3", "\"replicas\":3000000000")]
    [InlineData("\"replicas\":3", "\"replicas\":\"3\"")]
    [InlineData("\"container\":\"main\"", "\"container\":null")]
    [InlineData("\"templateHash\":\"00ff\"", "\"templateHash\":null")]
    [InlineData("\"launcher\":\"boot.1/42/7\"", "\"launcher\":null")]
    [InlineData("\"since\":\"2026", "\"since\":\"soon")]
    [InlineData("{", "")]
    public void OneThatWasTamperedWith_IsUnreadable(string part, string instead)
    {
        Assert.Contains(part, s_claim.ToText(), StringComparison.Ordinal);
        Assert.Null(SwapClaim.TryParse(s_claim.ToText().Replace(part, instead, StringComparison.Ordinal)));
    }

    [Fact]
    public void CutOff_IsUnreadable()
    {
        var text = s_claim.ToText();
        Assert.All(Enumerable.Range(0, text.Length), length => Assert.Null(SwapClaim.TryParse(text[..length])));
    }
}
