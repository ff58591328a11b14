using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Decides whether the server at the other end of TLS is the one that the kubeconfig means.</summary>
/// <remarks>
/// Chain and name are both verified, with a private authority too (RFC 9525: subject alternative names only, IP addresses
/// included). A refusal is thrown from the handshake, so that it carries its cause; it travels as an inner exception.
/// </remarks>
internal sealed class ServerCertificate(Kubeconfig kubeconfig)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string AuthorityRemedy = "Compare certificate-authority of the kubeconfig with the server's; log in again if the cluster was made anew. A TLS-inspecting proxy in between looks the same.";

    public SslClientAuthenticationOptions Options(ClientCertificate? client) => new()
    {
        RemoteCertificateValidationCallback = Verify,
        CertificateChainPolicy = ChainPolicy(kubeconfig.Authorities),
        ClientCertificateContext = client is null
            ? null
            : SslStreamCertificateContext.Create(client.Certificate, client.Intermediates, offline: true),
    };

    private static X509ChainPolicy ChainPolicy(X509Certificate2Collection? authorities)
    {
        // As kubectl: no revocation lists; nothing is fetched that a certificate points to.
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
            policy.ExtraStore.AddRange(authorities);
        }

        return policy;
    }

    private bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        kubeconfig.InsecureSkipTlsVerify || Accept((SslStream)sender, certificate, chain, errors);

    private bool Accept(SslStream stream, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 server || chain is null)
            throw new ClusterException("tls-failed", $"{kubeconfig.Server.Authority} showed no certificate.", "See that the address in the kubeconfig is that of an API server.");

        var name = stream.TargetHostName.Trim('[', ']');
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && !EndsAtAuthority(chain) && !IsTrustedProxy(name, server, chain))
            throw ChainRefused(server, chain);
        if (!server.MatchesHostname(name, allowCommonName: false))
            throw NameRefused(server, name);
        return true;
    }

    /// <summary>client-go takes every certificate of certificate-authority as an anchor, also one that isn't self-signed.</summary>
    private bool EndsAtAuthority(X509Chain chain) =>
        kubeconfig.Authorities is { } authorities
        && chain.ChainStatus.All(status => status.Status is X509ChainStatusFlags.PartialChain)
        && chain.ChainElements.Skip(1).Any(element => authorities.Any(authority => authority.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span)));

    /// <summary>An https:// proxy isn't part of the cluster: this machine's authorities may vouch for it.</summary>
    private bool IsTrustedProxy(string name, X509Certificate2 server, X509Chain chain)
    {
        if (kubeconfig.Proxy is not { Scheme: "https" } proxy || !string.Equals(name, proxy.IdnHost, StringComparison.OrdinalIgnoreCase))
            return false;
        using var system = new X509Chain { ChainPolicy = ChainPolicy(null) };
        system.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        return system.Build(server);
    }

    private ClusterException ChainRefused(X509Certificate2 server, X509Chain chain)
    {
        var flags = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        var address = kubeconfig.Server.Authority;
        if (flags.HasFlag(X509ChainStatusFlags.NotTimeValid) && !flags.HasFlag(X509ChainStatusFlags.UntrustedRoot) && !flags.HasFlag(X509ChainStatusFlags.PartialChain))
            return new("tls-expired", $"The certificate of {address} is valid from {server.NotBefore.ToUniversalTime():u} to {server.NotAfter.ToUniversalTime():u}, not now.", "See that this machine's clock is right; else the cluster's certificates must be renewed.");
        return flags.HasFlag(X509ChainStatusFlags.UntrustedRoot) || flags.HasFlag(X509ChainStatusFlags.PartialChain)
            ? new("tls-unknown-authority", $"The certificate of {address} was issued by \"{server.Issuer}\", which the kubeconfig doesn't vouch for.", AuthorityRemedy)
            : new("tls-failed", $"The certificate of {address} was refused: {flags}.", AuthorityRemedy);
    }

    private static ClusterException NameRefused(X509Certificate2 server, string name)
    {
        var names = server.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(extension => extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(address => address.ToString())))
            .ToList();
        return new(
            "tls-wrong-name",
            $"The server's certificate isn't for {name} but for {(names.Count == 0 ? "no name at all" : string.Join(", ", names))}.",
            "Use one of these names as server in the kubeconfig, or as tls-server-name when the address is only a way to it.");
    }
}
