using System.Security.Cryptography;
using System.Text;

namespace Telelaunch.Cluster;

/// <summary>Whose session it is: a user of a machine.</summary>
public sealed record AgentOwner
{
    private const int MaximumLabelLength = 63;

    public AgentOwner(string hostUser, string hostName)
    {
        ArgumentException.ThrowIfNullOrEmpty(hostUser);
        ArgumentException.ThrowIfNullOrEmpty(hostName);
        Text = $"{hostUser}@{hostName}";
        Label = LabelOf(Text);
    }

    /// <summary><c>user@host</c>, for people.</summary>
    public string Text { get; }

    /// <summary>The same as a label value (RFC 1123 alphabet with <c>_</c> and <c>.</c>, at most 63): what had to be changed is told apart by a hash.</summary>
    public string Label { get; }

    public static AgentOwner OfThisUser() => new(Environment.UserName, Environment.MachineName);

    public override string ToString() => Text;

    private static string LabelOf(string text)
    {
        var plain = new string([.. text.Replace("@", "_at_", StringComparison.Ordinal).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')]);
        var isFaithful = plain == text.Replace("@", "_at_", StringComparison.Ordinal) && plain.Length <= MaximumLabelLength && char.IsAsciiLetterOrDigit(plain[0]) && char.IsAsciiLetterOrDigit(plain[^1]);
        if (isFaithful)
            return plain;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..10];
        return "u" + plain[..Math.Min(plain.Length, MaximumLabelLength - hash.Length - 2)] + "-" + hash;
    }
}
