using System.Net;
using System.Text.RegularExpressions;
using Amazon.EC2;
using Amazon.Runtime;
using Muster.Faults;

namespace Muster.Sites.Clouds.Aws;

/// <summary>What EC2 and its SDK say, in our words.</summary>
internal sealed partial class AwsFaults(Redactor redactor, string credentials, TimeProvider clock)
{
    /// <summary>After so long without a throttled call the next one is the first again.</summary>
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(2);
    private readonly Lock _lock = new();
    private int _throttled;
    private DateTimeOffset _lastThrottled = DateTimeOffset.MinValue;

    /// <summary>What stood in a broken answer, or was thrown before one came.</summary>
    public static bool IsOfService(Exception fault) =>
        fault
            is AmazonServiceException
                or AmazonClientException
                or HttpRequestException
                or IOException
                or TimeoutException
                or OperationCanceledException;

    public CloudException Of(Exception fault, string what) =>
        fault switch
        {
            AmazonEC2Exception answer => Of(answer, what),
            // The chain of credentials found none, or could not be asked.
            AmazonClientException => new(
                CloudFault.BadCredentials,
                $"AWS: there are no credentials for {what}: {Short(fault.Message)}",
                "Set access-key and secret-key-file, or profile, or run on a machine with a role.",
                inner: fault
            ),
            AmazonServiceException answer => Named(
                CloudFault.Upstream,
                what,
                answer.ErrorCode,
                answer.Message,
                answer.RequestId,
                fault
            ),
            HttpRequestException request => new(
                CloudFault.Upstream,
                $"AWS: {what} got no answer: {Short(request.Message)}",
                "Check this machine's network, the region's name and the provider's status page.",
                inner: fault
            )
            {
                NeverSent =
                    request.HttpRequestError
                        is HttpRequestError.ConnectionError
                            or HttpRequestError.NameResolutionError
                            or HttpRequestError.SecureConnectionError
                            or HttpRequestError.ProxyTunnelError,
            },
            _ => new(
                CloudFault.Upstream,
                $"AWS: {what} got no whole answer: {Short(fault.Message)}",
                "Check this machine's network and the provider's status page.",
                inner: fault
            ),
        };

    private CloudException Of(AmazonEC2Exception answer, string what)
    {
        var code = Code(answer);
        var fault = FaultOf(code, answer.StatusCode, answer.Message);
        return Named(fault, what, code, answer.Message, answer.RequestId, answer);
    }

    /// <summary>Some of AWS's services put the side that is to blame before the code.</summary>
    public static string? Code(AmazonEC2Exception answer)
    {
        var code = answer.ErrorCode;
        foreach (var side in (string[])["Client.", "Server."])
        {
            if (code?.StartsWith(side, StringComparison.Ordinal) is true)
                code = code[side.Length..];
        }
        return string.IsNullOrEmpty(code) ? null : code;
    }

    /// <summary>The table of codes. A code that is not in it is taken by its status.</summary>
    public static CloudFault FaultOf(string? code, HttpStatusCode status, string message) =>
        code switch
        {
            "AuthFailure"
            or "InvalidClientTokenId"
            or "SignatureDoesNotMatch"
            or "MissingAuthenticationToken"
            or "UnrecognizedClientException"
            or "ExpiredToken"
            or "RequestExpired" => CloudFault.BadCredentials,
            "UnauthorizedOperation" or "AuthFailure.ServiceLinkedRoleCreationNotPermitted" => CloudFault.NoPermission,
            "OptInRequired"
                when message.Contains("region", StringComparison.OrdinalIgnoreCase)
                    || message.Contains("subscri", StringComparison.OrdinalIgnoreCase) => CloudFault.NotHere,
            "OptInRequired" or "PendingVerification" or "Blocked" or "AccountDisabled" => CloudFault.Account,
            "InsufficientInstanceCapacity"
            or "UnfulfillableCapacity"
            or "InsufficientHostCapacity"
            or "InsufficientCapacityOnHost"
            or "SpotMaxPriceTooLow"
            or "ReservationCapacityExceeded"
            or "InsufficientFreeAddressesInSubnet" => CloudFault.OutOfStock,
            "Unsupported" => CloudFault.NotHere,
            "VcpuLimitExceeded"
            or "InstanceLimitExceeded"
            or "MaxSpotInstanceCountExceeded"
            or "VolumeLimitExceeded"
            or "MaxIOPSLimitExceeded"
            or "AddressLimitExceeded" => CloudFault.Quota,
            "RequestLimitExceeded"
            or "EC2ThrottledException"
            or "Throttling"
            or "ThrottlingException"
            or "ResourceCountExceeded" => CloudFault.Throttled,
            "InvalidInstanceID.NotFound" or "InvalidVolume.NotFound" => CloudFault.Gone,
            "IncorrectInstanceState" or "IncorrectState" or "VolumeInUse" or "DependencyViolation" => CloudFault.Busy,
            "InternalError" or "InternalFailure" or "ServiceUnavailable" or "Unavailable" or null =>
                CloudFault.Upstream,
            _ => (int)status >= 500 ? CloudFault.Upstream : CloudFault.BadOrder,
        };

    private CloudException Named(
        CloudFault fault,
        string what,
        string? code,
        string? message,
        string? requestId,
        Exception inner
    ) =>
        new(
            fault,
            $"AWS refused {what}{(string.IsNullOrEmpty(code) ? "" : $" ({code})")}: {Short(message ?? "no reason given")}",
            FixOf(fault, code, what),
            code,
            requestId,
            inner
        )
        {
            Until = fault is CloudFault.Throttled ? Throttled() : null,
        };

    /// <summary>Nothing in the answer says for how long: 1, 2, 4 … 60 s.</summary>
    private DateTimeOffset Throttled()
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            _throttled = now - _lastThrottled < Forgotten ? _throttled + 1 : 1;
            _lastThrottled = now;
            return now + TimeSpan.FromSeconds(Math.Min(60, Math.Pow(2, Math.Min(_throttled, 10) - 1))).Jittered();
        }
    }

    private string FixOf(CloudFault fault, string? code, string what) =>
        (fault, code) switch
        {
            (_, "RequestExpired" or "SignatureDoesNotMatch") =>
                $"Check the secret key ({credentials}) and this machine's clock: AWS takes a few minutes' difference.",
            (CloudFault.BadCredentials, _) => $"Check the keys ({credentials}) and whether they expired.",
            (_, "AuthFailure.ServiceLinkedRoleCreationNotPermitted") =>
                "Allow iam:CreateServiceLinkedRole for spot.amazonaws.com once, or let an administrator start one "
                    + "spot instance.",
            (CloudFault.NoPermission, _) => $"Allow ec2:{what.Split(' ')[0]} for these credentials.",
            (CloudFault.Quota, _) => "Ask AWS for a higher quota in this region, or lower the site's limit.",
            (CloudFault.OutOfStock, "SpotMaxPriceTooLow") => "Raise spot-price, or leave it out, or set spot-fallback.",
            (CloudFault.OutOfStock, _) => "Wait, or add places or another machine type to the site.",
            (CloudFault.NotHere, _) => "Choose a machine type and an image that this place offers.",
            (CloudFault.Account, _) => "Sign in to AWS's console; the account needs attention.",
            (CloudFault.Throttled, _) => "Wait; Muster asks again by itself.",
            (CloudFault.BadOrder, _) =>
                "Correct the site's image, network or key. Ids of AWS belong to one region; see `muster sites check`.",
            (CloudFault.Busy, _) => "Wait; Muster asks again by itself.",
            (CloudFault.Gone, _) => "Nothing needs to be done.",
            _ => "Check the provider's status page; Muster asks again by itself.",
        };

    /// <summary>
    /// In one line, without our secrets. A message about permissions ends with a long text that only another call can
    /// read; one of a gateway in front of the service is HTML.
    /// </summary>
    private string Short(string message)
    {
        var text = Blank().Replace(Markup().Replace(Encoded().Replace(message, ""), " "), " ").Trim();
        return redactor.Clean(text.Length > 400 ? text[..400] + "…" : text);
    }

    [GeneratedRegex(@"\s*Encoded authorization failure message:\s*\S+", RegexOptions.IgnoreCase)]
    private static partial Regex Encoded();

    [GeneratedRegex(@"<[^>]*>")]
    private static partial Regex Markup();

    [GeneratedRegex(@"[\s\p{C}]+")]
    private static partial Regex Blank();
}
