using Microsoft.AspNetCore.Http;
using Muster.Gateway.Tokens;

namespace Muster.Gateway.Api;

/// <summary>Says who is asking. Nobody, where the token is missing or wrong.</summary>
internal sealed class Gatekeeper(TokenBook tokens)
{
    private const string Bearer = "Bearer ";

    public ValueTask<Caller?> AdmitAsync(HttpRequest request)
    {
        if (request.Query.ContainsKey("_debugUnauthorized")) return new((Caller?)null);
        var text = TextIn(request);
        if (tokens.Find(text) is { } token) return new(new Caller(token.Owner, token.Parent is null ? token.Limits : tokens.LimitsOf(token.Owner), token.Parent, text));
        return new(tokens.IsOpen ? Caller.Anyone : null);
    }

    private static string TextIn(HttpRequest request) =>
        request.Query["token"] is [{ Length: > 0 } asked, ..] ? asked
        : request.Headers.Authorization is [{ } header, ..] && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : "";
}
