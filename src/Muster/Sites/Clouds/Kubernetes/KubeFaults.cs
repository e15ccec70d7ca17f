namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>What a cluster says, in our words.</summary>
internal static class KubeFaults
{
    public const string Rights =
        "in the namespace: create, get, list, delete of jobs.batch; get, list of pods; get, create of pods/exec and "
        + "pods/portforward; list of events";

    public static CloudFault Of(int status, KubeStatus? said) =>
        (status, said?.Reason) switch
        {
            (401, _) => CloudFault.BadCredentials,
            (403, _) when Says(said, "exceeded quota") => CloudFault.Quota,
            // The namespace's quota demands what the order leaves out, or the namespace is on its way out.
            (403, _) when Says(said, "failed quota") || Says(said, "is being terminated") => CloudFault.BadOrder,
            // Nobody was known by what was shown: rights are not what is missing.
            (403, _) when Says(said, "system:anonymous") => CloudFault.BadCredentials,
            (403, _) => CloudFault.NoPermission,
            (404, _) => CloudFault.Gone,
            (409, _) => CloudFault.Busy,
            (410, _) => CloudFault.Busy,
            (429, _) => CloudFault.Throttled,
            (>= 500, _) => CloudFault.Upstream,
            (>= 400, _) => CloudFault.BadOrder,
            _ => CloudFault.Upstream,
        };

    private static bool Says(KubeStatus? said, string words) =>
        said?.Message?.Contains(words, StringComparison.OrdinalIgnoreCase) is true;
}
