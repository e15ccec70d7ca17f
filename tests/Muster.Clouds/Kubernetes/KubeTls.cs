using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Muster.Clouds.Kubernetes;

/// <summary>
/// How a cluster's API is encrypted: it asks each client for a certificate, takes any, and decides by it who that is.
/// </summary>
/// <param name="users">Who issues the certificates of users.</param>
public sealed class KubeTls(KubeAuthority users, X509Certificate2 certificate)
{
    private readonly ConcurrentDictionary<string, string?> _known = [];
    private readonly ConcurrentQueue<string> _asked = [];

    /// <summary>What is shown to those who connect from now on.</summary>
    public X509Certificate2 Certificate { get; set; } = certificate;

    /// <summary>Users whose certificates are not taken any longer.</summary>
    public HashSet<string> Revoked { get; } = [];

    /// <summary>The names that clients wanted to reach, one for each connection that said one.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    /// <summary>Null for a certificate of another authority, or one that has expired.</summary>
    public string? UserOf(X509Certificate2 shown) =>
        _known.GetValueOrDefault(shown.Thumbprint) is { } user && !Revoked.Contains(user) ? user : null;

    public void Configure(HttpsConnectionAdapterOptions options)
    {
        options.ServerCertificateSelector = (_, name) =>
        {
            if (name is { Length: > 0 })
                _asked.Enqueue(name);
            return Certificate;
        };
        options.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
        options.ClientCertificateValidation = (shown, chain, _) =>
        {
            _known[shown.Thumbprint] = users.UserOf(shown, chain?.ChainPolicy.ExtraStore ?? []);
            return true;
        };
    }
}
