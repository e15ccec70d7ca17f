using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Muster.Clouds.Kubernetes;

/// <summary>A cluster's own authority: what it issues for its API, and for those who may sign in.</summary>
public sealed class KubeAuthority : IDisposable
{
    private static readonly TimeSpan Early = TimeSpan.FromDays(30);
    private readonly X509Certificate2 _root;

    public KubeAuthority(string name = "standin-ca")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _root = Asked(name, key, signs: true)
            .CreateSelfSigned(DateTimeOffset.UtcNow - 2 * Early, DateTimeOffset.UtcNow + 2 * Early);
    }

    /// <summary>As PEM.</summary>
    public string Pem => _root.ExportCertificatePem() + "\n";

    /// <summary>A certificate of a server with these names and addresses.</summary>
    public X509Certificate2 ForServer(IReadOnlyList<string> names, DateTimeOffset? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var asked = Asked("kube-apiserver", key, signs: false);
        var all = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
            if (IPAddress.TryParse(name, out var address))
                all.AddIpAddress(address);
            else
                all.AddDnsName(name);
        asked.CertificateExtensions.Add(all.Build());
        using var pair = Issue(_root, asked, until).CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>A certificate of a user and its key, both as PEM.</summary>
    /// <param name="isBelow">Issued by an authority below this one, whose certificate follows in the text.</param>
    public (string Certificate, string Key) ForUser(
        string name,
        DateTimeOffset? until = null,
        DateTimeOffset? from = null,
        bool isBelow = false
    )
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var asked = Asked(name, key, signs: false);
        if (!isBelow)
        {
            using var own = Issue(_root, asked, until, from);
            return (own.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem());
        }
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var middle = Issue(_root, Asked("standin-users", middleKey, signs: true), null)
            .CopyWithPrivateKey(middleKey);
        using var below = Issue(middle, asked, until, from);
        return ($"{below.ExportCertificatePem()}\n{middle.ExportCertificatePem()}\n", key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Who this is, as the API server judges it; null for nobody that it knows.</summary>
    public string? UserOf(X509Certificate2 certificate, X509Certificate2Collection shown)
    {
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        };
        chain.ChainPolicy.CustomTrustStore.Add(_root);
        chain.ChainPolicy.ExtraStore.AddRange(shown);
        return chain.Build(certificate) ? certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) : null;
    }

    public void Dispose() => _root.Dispose();

    private static X509Certificate2 Issue(
        X509Certificate2 issuer,
        CertificateRequest asked,
        DateTimeOffset? until,
        DateTimeOffset? from = null
    ) =>
        asked.Create(
            issuer,
            from ?? DateTimeOffset.UtcNow - Early,
            until ?? DateTimeOffset.UtcNow + Early,
            RandomNumberGenerator.GetBytes(12)
        );

    private static CertificateRequest Asked(string name, ECDsa key, bool signs) =>
        new($"CN={name}", key, HashAlgorithmName.SHA256)
        {
            CertificateExtensions = { new X509BasicConstraintsExtension(signs, false, 0, true) },
        };
}
