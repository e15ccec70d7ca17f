using Microsoft.AspNetCore.Http;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Api;

/// <summary>Says who is asking. Nobody, where the token is missing or wrong.</summary>
internal sealed class TokenGate(TokenBook tokens, OwnerLimits limits, LiveTasks live, LightningProvider? provider)
{
    private const string Bearer = "Bearer ";

    /// <summary>Where tokens are got.</summary>
    public AuthInfo Accounts { get; } =
        provider is null
            ? new("Authentication not available on this node", null, null)
            : new("Please log in with your account.", provider.LoginUrl.ToString(), null);

    public async ValueTask<Caller?> AdmitAsync(HttpRequest request)
    {
        if (request.Query.ContainsKey("_debugUnauthorized"))
            return null;
        var text = TextIn(request);
        if (tokens.Find(text) is { } token && !(token.Parent is { } whole && !IsAtWork(whole)))
            return new(token.Owner, token.Parent is null ? token.Limits : limits.Of(token.Owner), token.Parent, text);
        return provider is not null ? await provider.AdmitAsync(text, request.HttpContext.RequestAborted)
            : tokens.IsOpen ? Caller.Anyone
            : null;
    }

    /// <summary>Nobody is asked for anything.</summary>
    public bool IsOpen => provider is null && tokens.IsOpen;

    /// <summary>
    /// Only the engine that works on a whole hands in its parts. What is found in its archive later opens nothing.
    /// </summary>
    private bool IsAtWork(Guid whole) =>
        live.Find(whole)?.Phase is TaskPhase.Sending or TaskPhase.Running or TaskPhase.Collecting;

    private static string TextIn(HttpRequest request) =>
        request.Query["token"] is [{ Length: > 0 } asked, ..] ? asked
        : request.Headers.Authorization is [{ } header, ..]
        && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? header[Bearer.Length..].Trim()
        : "";
}
