using System.Net;

namespace Muster.Sites.Clouds.DigitalOcean;

/// <summary>
/// What DigitalOcean says, in our words. Its machine-readable word is coarse, so that the message decides in places.
/// </summary>
internal static class OceanFaults
{
    public const string Rights =
        "droplet:create, droplet:read, droplet:delete, tag:create, tag:read, image:read, ssh_key:create, ssh_key:read, "
        + "regions:read, sizes:read, actions:read, account:read";

    public static CloudFault Of(string? id, string message, HttpStatusCode status) =>
        id switch
        {
            "unauthorized" => CloudFault.BadCredentials,
            "forbidden" => CloudFault.NoPermission,
            "not_found" => CloudFault.Gone,
            "unprocessable_entity" => Unprocessable(message),
            "conflict" => CloudFault.Busy,
            "too_many_requests" => CloudFault.Throttled,
            "server_error" => CloudFault.Upstream,
            _ => (int)status switch
            {
                401 => CloudFault.BadCredentials,
                403 => CloudFault.NoPermission,
                404 => CloudFault.Gone,
                409 => CloudFault.Busy,
                422 => Unprocessable(message),
                429 => CloudFault.Throttled,
                >= 400 and < 500 => CloudFault.BadOrder,
                _ => CloudFault.Upstream,
            },
        };

    private static CloudFault Unprocessable(string message)
    {
        bool Says(string words) => message.Contains(words, StringComparison.OrdinalIgnoreCase);
        return Says("droplet limit") ? CloudFault.Quota
            : Says("pending event") ? CloudFault.Busy
            : Says("create event failed") ? CloudFault.OutOfStock
            // Of a size that is sold out the API says the same as of one that was never offered there.
            : Says("size is unavailable") || Says("size is not available") ? CloudFault.OutOfStock
            : Says("not available") ? CloudFault.NotHere
            : CloudFault.BadOrder;
    }
}
