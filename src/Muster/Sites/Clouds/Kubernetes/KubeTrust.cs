using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Muster.Faults;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>
/// Which cluster is believed to be the right one, who we are to it, and why a cluster was not believed.
/// </summary>
internal sealed class KubeTrust
{
    private readonly KubeConfig _config;

    /// <exception cref="UserException">The authority holds no certificate.</exception>
    public KubeTrust(KubeConfig config, X509Certificate2Collection own)
    {
        _config = config;
        Options = new();
        // A context in place of a list: a server's list of authorities does not choose among them, and certificates
        // between ours and its authority go along.
        if (own.Count > 0)
            Options.ClientCertificateContext = SslStreamCertificateContext.Create(own[0], own, offline: true);
        if (config.IsInsecure)
        {
#pragma warning disable CA5359 // its owner says so, as kubectl takes it
            Options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
            return;
        }
        Options.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            Check(certificate, chain, errors);
        if (config.Authority is { } pem)
            Options.CertificateChainPolicy = Policy(pem);
    }

    public SslClientAuthenticationOptions Options { get; }

    /// <summary>Why the last connection was not taken for the cluster's; null where it was.</summary>
    public (string Message, string Fix)? Distrust { get; private set; }

    private X509ChainPolicy Policy(string pem)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // a cluster's own authority publishes no list
        };
        try
        {
            policy.CustomTrustStore.ImportFromPem(pem);
        }
        catch (CryptographicException) { } // said below
        return policy.CustomTrustStore.Count > 0
            ? policy
            : throw new UserException(
                $"{_config.Source}: its certificate authority holds no certificate",
                "`certificate-authority` names a PEM file; `certificate-authority-data` is one in base64."
            );
    }

    private bool Check(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        Distrust = errors is SslPolicyErrors.None ? null : Words(certificate as X509Certificate2, chain, errors);
        return errors is SslPolicyErrors.None;
    }

    private (string, string) Words(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var at = $"{_config.Source}: the certificate of {_config.Server.Authority}";
        if (certificate is null)
            return ($"{at} was not shown", "Check that `server` is the address of the cluster's API.");
        if (chain?.ChainStatus.Any(one => one.Status.HasFlag(X509ChainStatusFlags.NotTimeValid)) is true)
            return (
                $"{at}, or that of its authority, is not valid now: it is from "
                    + $"{certificate.NotBefore:yyyy-MM-dd HH:mm} to {certificate.NotAfter:yyyy-MM-dd HH:mm}",
                "Check this machine's clock. If it is right, the cluster's certificates have to be renewed."
            );
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
            return (
                $"{at} was not issued by "
                    + (_config.Authority is null ? "an authority that this machine trusts" : "its authority")
                    + $" but by {certificate.Issuer}",
                "Fetch the kubeconfig anew if the cluster was made anew, or set `certificate-authority` in it. "
                    + "Otherwise this may be a man-in-the-middle attack."
            );
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().ToList();
        var named = names
            .SelectMany(one => one.EnumerateDnsNames())
            .Concat(names.SelectMany(one => one.EnumerateIPAddresses()).Select(address => $"{address}"))
            .ToList();
        return (
            $"{at} is for {(named.Count > 0 ? string.Join(", ", named) : certificate.Subject)}, not for "
                + (_config.TlsName ?? _config.Server.Host),
            "Use one of these names in `server` of the kubeconfig, or set `tls-server-name` to one of them."
        );
    }
}
