using System.Net;

namespace Muster.Sites.Clouds.Hetzner;

/// <summary>The provider's words for what went wrong, in ours.</summary>
internal static class HetznerFaults
{
    public const string Rights = "a token of the project with read and write access";

    /// <summary>A code decides; a status alone only where there is no code.</summary>
    public static CloudFault Of(string? code, string message, HttpStatusCode? status, bool ownGroup) =>
        code switch
        {
            "unauthorized" => CloudFault.BadCredentials,
            "token_readonly" or "forbidden" => CloudFault.NoPermission,
            "invalid_input" when IsOfPlace(message) => CloudFault.NotHere,
            "invalid_input"
            or "json_error"
            or "uniqueness_error"
            or "protected"
            or "invalid_server_type"
            or "unsupported_error"
            or "no_subnet_available"
            or "ip_not_available"
            or "primary_ip_assigned"
            or "must_be_unassigned" => CloudFault.BadOrder,
            "not_found" => CloudFault.Gone,
            "conflict" or "locked" => CloudFault.Busy,
            "resource_locked" => CloudFault.Account,
            "resource_limit_exceeded" => CloudFault.Quota,
            "resource_unavailable" => CloudFault.OutOfStock,
            "placement_error" => ownGroup ? CloudFault.BadOrder : CloudFault.OutOfStock,
            "rate_limit_exceeded" => CloudFault.Throttled,
            null => status switch
            {
                HttpStatusCode.Unauthorized => CloudFault.BadCredentials,
                HttpStatusCode.Forbidden => CloudFault.NoPermission,
                HttpStatusCode.TooManyRequests => CloudFault.Throttled,
                // Also 404: a page of some gateway proves nothing about a machine.
                _ => CloudFault.Upstream,
            },
            _ => CloudFault.Upstream,
        };

    private static bool IsOfPlace(string message) =>
        message.Contains("unsupported location", StringComparison.OrdinalIgnoreCase)
        || message.Contains("architecture", StringComparison.OrdinalIgnoreCase);

    /// <summary>The message with the fields and limits that it is about.</summary>
    public static string Words(HetznerError error)
    {
        var fields = (error.Details?.Fields ?? []).Select(field =>
            field.Messages is { Count: > 0 } all ? $"{field.Name}: {string.Join(", ", all)}" : field.Name
        );
        var parts = fields.Concat((error.Details?.Limits ?? []).Select(limit => limit.Name)).OfType<string>().ToList();
        return parts.Count == 0 ? error.Message ?? "" : $"{error.Message} ({string.Join("; ", parts)})";
    }
}
