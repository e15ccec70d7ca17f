namespace Muster.Shell;

/// <summary>The names of variables whose values are secrets, as far as a name tells.</summary>
public static class SecretNames
{
    private static readonly string[] Parts =
    [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "CREDENTIAL",
        "JWT",
        "AUTH",
        "APIKEY",
        "API_KEY",
        "ACCESS_KEY",
        "PRIVATE_KEY",
    ];

    public static bool Fit(string name) => Parts.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
}
