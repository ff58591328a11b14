using System.Security.Cryptography;
using System.Text;

namespace Telelaunch.Playground.Store;

/// <summary>Endings of generated names, of the letters that the real server uses: no vowels, nothing that looks alike.</summary>
public static class NameSuffix
{
    private const string Letters = "bcdfghjklmnpqrstvwxz2456789";

    public static string Random(int length) => RandomNumberGenerator.GetString(Letters, length);

    /// <summary>The same ending for the same text: <c>pod-template-hash</c>.</summary>
    public static string Of(string text)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        return string.Concat(hash.Take(10).Select(b => Letters[b % Letters.Length]));
    }
}
