using System.Text;
using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>Names that files with passwords and keys usually have.</summary>
public static class SecretFileNames
{
    private static readonly IReadOnlyList<Wildcard> Telling = Read(
        ".env",
        ".env.*",
        "*.env",
        ".envrc",
        "id_rsa*",
        "id_dsa*",
        "id_ecdsa*",
        "id_ed25519*",
        "*.pem",
        "*.key",
        "*.p12",
        "*.pfx",
        "*.ppk",
        "*.kdbx",
        "*.keystore",
        ".netrc",
        ".pgpass",
        ".pypirc",
        ".npmrc",
        ".htpasswd",
        ".git-credentials",
        "kubeconfig",
        "*credential*",
        "*secret*",
        "*password*",
        "service-account*.json",
        "*.token",
        "token",
        "token.txt"
    );

    /// <summary>Examples without values, halves that may be known, and programs.</summary>
    private static readonly IReadOnlyList<Wildcard> Harmless = Read(
        "*.example",
        "*.sample",
        "*.template",
        "*.dist",
        "*.pub",
        "*.py",
        "*.md",
        "*.c",
        "*.cs",
        "*.cpp",
        "*.h",
        "*.rs",
        "*.go",
        "*.js",
        "*.ts",
        "*.java",
        "*.html"
    );

    public static bool Fits(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..].ToLowerInvariant();
        return Any(Telling, name) && !Any(Harmless, name);
    }

    private static IReadOnlyList<Wildcard> Read(params string[] patterns) =>
        [.. patterns.Select(pattern => new Wildcard(Encoding.UTF8.GetBytes(pattern), isPath: false))];

    private static bool Any(IReadOnlyList<Wildcard> patterns, string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        return patterns.Any(pattern => pattern.Fits(bytes));
    }
}
