using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Telelaunch.Playground.Access;

/// <summary>Finds out who makes a request: client certificate, then bearer token, then nobody in particular.</summary>
/// <param name="staticTokens">Fixed bearer tokens and their users.</param>
public sealed class Authenticator(CertificateAuthority authority, TokenIssuer tokens, IReadOnlyDictionary<string, Caller> staticTokens)
{
    /// <returns>Null if there are credentials, but none that holds: 401.</returns>
    public async Task<Caller?> IdentifyAsync(HttpContext context)
    {
        var certificate = await context.Connection.GetClientCertificateAsync(context.RequestAborted);
        if (certificate is not null && authority.IsIssuerOf(certificate))
            return FromCertificate(certificate);
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return FromToken(header["Bearer ".Length..].Trim());
        return certificate is null ? Caller.Anonymous : null;
    }

    /// <summary>A tokens file has the lines of kube-apiserver's <c>--token-auth-file</c>: token,user,uid[,"group,group"].</summary>
    public static IReadOnlyDictionary<string, Caller> ReadTokens(IEnumerable<string> lines)
    {
        var found = new Dictionary<string, Caller>();
        foreach (var fields in lines.Where(l => l.Trim().Length > 0 && !l.StartsWith('#')).Select(l => l.Split(',', 4)))
        {
            if (fields.Length < 3)
                throw new FormatException("A line of a tokens file is: token,user,uid[,\"group,group\"]");
            var groups = fields.Length > 3 ? fields[3].Trim().Trim('"').Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];
            found[fields[0].Trim()] = new(fields[1].Trim(), [.. groups, Caller.Authenticated], fields[2].Trim());
        }
        return found;
    }

    private Caller? FromToken(string token) => staticTokens.TryGetValue(token, out var known) ? known : tokens.Check(token);

    private static Caller FromCertificate(X509Certificate2 certificate)
    {
        var name = "";
        var groups = new List<string>();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (part.GetSingleElementType().Value == "2.5.4.3")
                name = part.GetSingleElementValue() ?? "";
            else if (part.GetSingleElementType().Value == "2.5.4.10")
                groups.Add(part.GetSingleElementValue() ?? "");
        }
        var fingerprint = Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));
        return new(name, [.. groups, Caller.Authenticated], CredentialId: $"X509SHA256={fingerprint}");
    }
}
