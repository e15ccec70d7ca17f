namespace Muster.Sites.Clouds;

/// <summary>What a user can do about a provider's fault, where the provider's own words do not say more.</summary>
public static class CloudFixes
{
    /// <param name="rights">What the token must be allowed, such as <c>read and write</c>.</param>
    public static string For(CloudFault fault, CloudSettings settings, string rights) =>
        fault switch
        {
            CloudFault.BadCredentials =>
                $"Check the credentials of {settings}{Source(settings)}: they may be mistyped, expired or revoked.",
            CloudFault.NoPermission => $"Give the credentials of {settings}{Source(settings)} this right: {rights}.",
            CloudFault.BadOrder =>
                $"Correct what is named in {settings}; `muster sites check {settings.Site}` shows all that is wrong.",
            CloudFault.NotHere => $"Add another place to `places` of {settings}, or choose another type; "
                + $"`muster sites check {settings.Site}` shows what is offered where.",
            CloudFault.OutOfStock =>
                $"Wait, or add more places to `places` of {settings}: another location may have one.",
            CloudFault.Quota =>
                $"Ask the provider for a higher limit, remove machines that are no longer used, or lower `limit` of "
                    + $"{settings}.",
            CloudFault.Busy => "Wait; the provider is still working on an earlier change.",
            CloudFault.Throttled => "Wait; Muster asks again by itself. Other programs with the same token count too.",
            CloudFault.Upstream => "Try again later, and check the provider's status page.",
            CloudFault.Gone => "Nothing is left to do: there is no such thing any more.",
            CloudFault.Account =>
                "Sign in to the provider's console: only there, or with its support, can it be solved.",
            _ => throw new InvalidOperationException($"a fault {fault}"),
        };

    private static string Source(CloudSettings settings) =>
        (settings.Token ?? settings.SecretKey) is { } secret ? $" {secret}" : "";
}
