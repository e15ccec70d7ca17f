using Muster.Gateway.Model;

namespace Muster.Gateway.Tokens;

/// <summary>What the owners of tasks may do, whether their tokens are ours or those of a provider.</summary>
public sealed class OwnerLimits(TokenBook tokens, LightningProvider? provider)
{
    public TokenLimits Of(string owner) =>
        provider is not null && Caller.IsOfProvider(owner) ? provider.LimitsOf(owner) : tokens.LimitsOf(owner);

    /// <summary>How many of its tasks may be on nodes at once; null for any number.</summary>
    public int? MostAtOnce(string owner) => Of(owner).MaxConcurrentTasks;
}
