using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Muster.Faults;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>Tokens at the admin door. The text of one is shown when it is made, and never again.</summary>
internal sealed class AdminTokens(TokenBook tokens, AdminDesk desk, TimeProvider clock)
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(
                "/tokens",
                JsonAnswer<TokenList> () =>
                    OdmAnswers.Json(
                        new(1, tokens.IsOpen, [.. tokens.All.Select(TokenEntry.Of)]),
                        AdminJson.Plain.TokenList
                    )
            )
            .WithDescription("tokens, without their texts");
        api.MapPost("/tokens", AddAsync)
            .WithDescription(
                "makes a token: name, days, max_images, max_concurrent_tasks; its text is shown this once"
            );
        api.MapDelete("/tokens/{id}", RevokeAsync).WithDescription("revokes it");
    }

    private async Task<JsonAnswer<MadeToken>> AddAsync(HttpRequest request, CancellationToken ct)
    {
        var body = await AdminApi.BodyAsync(request, AdminJson.Plain.AddToken, ct);
        if (body.Name is not { Length: > 0 and <= 200 } name)
            throw new UserException("the token has no name", "Give it a name, such as that of its user.");
        if (body is { Days: not null and not (> 0 and <= 36500) } or { MaxImages: < 1 } or { MaxConcurrentTasks: < 0 })
            throw new UserException(
                "a limit of the token makes no sense",
                "days is above 0, max_images at least 1, max_concurrent_tasks at least 0."
            );
        var (token, text) = await desk.MakeTokenAsync(
            name,
            body.Days is { } days ? clock.GetUtcNow().AddDays(days) : null,
            new() { MaxImages = body.MaxImages, MaxConcurrentTasks = body.MaxConcurrentTasks },
            AdminApi.By
        );
        return OdmAnswers.Json(
            new(1, TokenEntry.Of(token), text),
            AdminJson.Plain.MadeToken,
            StatusCodes.Status201Created
        );
    }

    private async Task<Results<JsonAnswer<Done>, Refused>> RevokeAsync(string id)
    {
        if (await desk.RevokeTokenAsync(id, AdminApi.By))
            return OdmAnswers.Json(new Done(true), AdminJson.Plain.Done);
        return id == TokenBook.Configured
            ? new Refused(
                StatusCodes.Status409Conflict,
                "this token stands in the configuration",
                "Change --token-file and start the gateway again."
            )
            : new Refused(
                StatusCodes.Status404NotFound,
                $"there is no token {id}",
                $"GET {AdminApi.Root}/tokens lists their ids."
            );
    }
}
