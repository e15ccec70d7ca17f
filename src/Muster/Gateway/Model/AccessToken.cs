using System.Security.Cryptography;
using System.Text;

namespace Muster.Gateway.Model;

/// <summary>A token that opens the gateway. The text itself is shown once, when it is made, and not kept.</summary>
public sealed record AccessToken
{
    public required string Id { get; init; }
    public required string Hash { get; init; }

    /// <summary>What people call it.</summary>
    public string Name { get; init; } = "";
    public required DateTimeOffset Created { get; init; }
    public DateTimeOffset? Expires { get; init; }
    public TokenLimits Limits { get; init; } = TokenLimits.None;

    /// <summary>Whose tasks it sees and begins.</summary>
    public required string Owner { get; init; }

    /// <summary>The task whose parts it may begin; it sees those alone, and is over with it.</summary>
    public Guid? Parent { get; init; }

    public static string NewText() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));

    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

/// <summary>Who is asking.</summary>
/// <param name="Text">The token as it was sent, for a provider that asks others about it.</param>
public sealed record Caller(string Owner, TokenLimits Limits, Guid? Parent, string Text)
{
    /// <summary>What the names of owners begin with for whose tokens a provider answers.</summary>
    public const string ProviderPrefix = "lightning-";

    public static readonly Caller Anyone = new("", TokenLimits.None, null, "");

    public static bool IsOfProvider(string owner) => owner.StartsWith(ProviderPrefix, StringComparison.Ordinal);

    /// <summary>Others get exactly what they get for a task that is not there.</summary>
    public bool Sees(GatewayTask task) => Parent is { } parent ? task.Parent == parent : task.Owner == Owner;
}
