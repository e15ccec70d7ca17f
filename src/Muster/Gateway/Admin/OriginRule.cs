using System.Net;
using Microsoft.AspNetCore.Http;

namespace Muster.Gateway.Admin;

/// <summary>Which pages in a browser may call the admin door: its own. A page of elsewhere that has its name lead here, or posts a form here, is refused.</summary>
internal static class OriginRule
{
    /// <param name="guarded">A password is asked for, which no foreign page has; so the door may have any name.</param>
    public static string? Refusal(HttpRequest request, bool guarded)
    {
        if (!guarded && !IsThisMachine(request.Host.Host)) return $"'{request.Host}' is no name of this machine";
        if (request.Headers.Origin is [{ Length: > 0 } origin, ..] && !(Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase))) return $"pages of {origin} may not call it";
        var isLink = HttpMethods.IsGet(request.Method) && request.Headers["Sec-Fetch-Mode"] == "navigate";
        return request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" && !isLink ? "pages of other origins may not call it" : null;
    }

    private static bool IsThisMachine(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host, out _);
}
