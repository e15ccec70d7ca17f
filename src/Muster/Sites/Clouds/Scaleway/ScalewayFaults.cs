using System.Net;

namespace Muster.Sites.Clouds.Scaleway;

/// <summary>What Scaleway says, in our words.</summary>
internal static class ScalewayFaults
{
    public const string Rights = "InstancesFullAccess and BlockStorageFullAccess for the project";

    public static CloudFault Of(ScalewayError? error, HttpStatusCode status)
    {
        var words = error?.Message ?? "";
        return error?.Type switch
        {
            "denied_authentication" => CloudFault.BadCredentials,
            "permissions_denied" => CloudFault.NoPermission,
            "quotas_exceeded" => CloudFault.Quota,
            "invalid_request_error" when Says(words, "quota exceeded") => CloudFault.Quota,
            "invalid_arguments" when (error.Details ?? []).Any(detail => detail.ArgumentName is "commercial_type") =>
                CloudFault.NotHere,
            "invalid_request_error"
                when Says(words, "should be stopped")
                    || Says(words, "should be running")
                    || Says(words, "already running")
                    || Says(words, "in use") => CloudFault.Busy,
            "invalid_arguments" or "invalid_request_error" => CloudFault.BadOrder,
            "out_of_stock" => CloudFault.OutOfStock,
            "transient_state" or "conflict" => CloudFault.Busy,
            "precondition_failed" when error.Precondition is "resource_still_in_use" => CloudFault.Busy,
            "precondition_failed" => CloudFault.BadOrder,
            "locked" => CloudFault.Account,
            "resource_expired" or "not_found" or "unknown_resource" => CloudFault.Gone,
            _ => ByStatus(status, words),
        };
    }

    private static CloudFault ByStatus(HttpStatusCode status, string words) =>
        (int)status switch
        {
            401 => CloudFault.BadCredentials,
            403 => CloudFault.NoPermission,
            404 => CloudFault.Gone,
            409 or 423 => CloudFault.Busy,
            429 => CloudFault.Throttled,
            >= 500 when Says(words, "no free ip address") => CloudFault.OutOfStock,
            >= 400 and < 500 => CloudFault.BadOrder,
            _ => CloudFault.Upstream,
        };

    /// <summary>The message with what its details add.</summary>
    public static string Words(ScalewayError error)
    {
        var details = (error.Details ?? []).Select(detail =>
            string.Join(
                ' ',
                (
                    (string?[])
                        [
                            detail.ArgumentName ?? detail.Resource,
                            detail.Action,
                            detail.Quota is { } quota ? $"{detail.Current} of {quota}" : null,
                            detail.HelpMessage ?? detail.Reason,
                        ]
                ).OfType<string>()
            )
        );
        var fields = (error.Fields ?? new Dictionary<string, System.Text.Json.JsonElement>()).Select(field =>
            $"{field.Key}: {field.Value}"
        );
        string?[] more = [error.Resource, error.Precondition, error.Reason, error.HelpMessage];
        var all = details.Concat(fields).Concat(more.OfType<string>()).Where(text => text.Length > 0).ToList();
        var message = error.Message ?? error.Type ?? "no reason given";
        return all.Count == 0 ? message : $"{message} ({string.Join("; ", all)})";
    }

    private static bool Says(string message, string words) =>
        message.Contains(words, StringComparison.OrdinalIgnoreCase);
}
