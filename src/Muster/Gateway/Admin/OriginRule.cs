using System.Net;
using Microsoft.AspNetCore.Http;
using Muster.NodeOdm;

namespace Muster.Gateway.Admin;

/// <summary>
/// Who may not call the admin door, whatever password they have: pages of elsewhere in a browser, which have a name
/// lead here or post a form here,
/// and what a gateway or a node asks for others, at an address that a client or a node named.
/// </summary>
internal static class OriginRule
{
    /// <param name="guarded">A password is asked for, which no foreign page has; so the door may have any name.</param>
    public static string? Refusal(HttpRequest request, bool guarded)
    {
        if (request.Headers.ContainsKey(OutsideHttp.Mark))
            return "what a gateway or a node asks for others is not answered here";
        if (!guarded && !IsThisMachine(request.Host.Host))
            return $"'{request.Host}' is no name of this machine";
        if (
            request.Headers.Origin is [{ Length: > 0 } origin, ..]
            && !(
                Uri.TryCreate(origin, UriKind.Absolute, out var page)
                && page.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase)
            )
        )
            return $"pages of {origin} may not call it";
        var isLink = HttpMethods.IsGet(request.Method) && request.Headers["Sec-Fetch-Mode"] == "navigate";
        return request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" && !isLink
            ? "pages of other origins may not call it"
            : null;
    }

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host, out _);
}
