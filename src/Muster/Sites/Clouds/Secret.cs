namespace Muster.Sites.Clouds;

/// <summary>A token, key or password. It prints as what it came from, and never as what it is.</summary>
/// <param name="source">Where it was read, such as <c>HCLOUD_TOKEN</c> or a file's path.</param>
public sealed class Secret(string value, string source)
{
    public string Source { get; } = source;

    /// <summary>
    /// Its variable is not set. That matters once somebody needs it, and not to whoever reads the file.
    /// </summary>
    public bool IsMissing => value.Length == 0;

    /// <summary>For the request that needs it, and nothing else.</summary>
    public string Reveal() => value;

    public override string ToString() => $"(from {Source})";
}
