namespace Muster.Sites.Clouds;

/// <summary>A token, key or password. It prints as what it came from, and never as what it is.</summary>
/// <param name="source">Where it was read, such as <c>HCLOUD_TOKEN</c> or <c>muster.yaml:12</c>.</param>
public sealed class Secret(string value, string source)
{
    public string Source { get; } = source;

    /// <summary>For the request that needs it, and nothing else.</summary>
    public string Reveal() => value;

    public override string ToString() => $"(from {Source})";
}
