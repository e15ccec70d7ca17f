using Muster.Faults;

namespace Muster.Sites.Clouds;

/// <summary>What a provider said, in one of our words and in its own.</summary>
/// <param name="code">The provider's code, where it gave one.</param>
/// <param name="requestId">What its support asks for.</param>
public sealed class CloudException(
    CloudFault fault,
    string message,
    string fix,
    string? code = null,
    string? requestId = null,
    Exception? inner = null
) : UserException(message, fix, inner)
{
    public CloudFault Fault { get; } = fault;
    public string? Code { get; } = code;
    public string? RequestId { get; } = requestId;

    /// <summary>No call with this token before then.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The provider cannot have seen the request.</summary>
    public bool NeverSent { get; init; }
}

/// <summary>Why a provider did not do what it was asked, as far as it decides what comes next.</summary>
public enum CloudFault
{
    /// <summary>The token is wrong or expired: final until the configuration changes.</summary>
    BadCredentials,

    /// <summary>The token is valid and lacks a right: final, with its name.</summary>
    NoPermission,

    /// <summary>A parameter is wrong wherever it is sent: final for this size.</summary>
    BadOrder,

    /// <summary>Type or image is not offered in this place: the next place.</summary>
    NotHere,

    /// <summary>Offered, and none is free: the next place, then a pause.</summary>
    OutOfStock,

    /// <summary>The account's limit: the site is full for a while.</summary>
    Quota,

    /// <summary>Something else is going on: the same call again soon.</summary>
    Busy,

    /// <summary>Too many calls: every call of this token waits.</summary>
    Throttled,

    /// <summary>The provider stumbled, or its answer cannot be read.</summary>
    Upstream,

    /// <summary>There is no such thing.</summary>
    Gone,

    /// <summary>The account is locked, unpaid or unverified: final, in the provider's words.</summary>
    Account,
}
