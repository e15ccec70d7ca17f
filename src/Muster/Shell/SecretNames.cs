namespace Muster.Shell;

/// <summary>The names of variables whose values are secrets, as far as a name tells.</summary>
public static class SecretNames
{
    private static readonly string[] Parts = ["TOKEN", "SECRET", "PASS", "CREDENTIAL", "JWT", "AUTH", "APIKEY", "_KEY"];

    public static bool Fit(string name) => Parts.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
}
