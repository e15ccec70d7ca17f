using Muster.Faults;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>What holds for a whole site: which calls wait, since when, and when it was last swept.</summary>
public sealed record CloudStanding
{
    public IReadOnlyList<CloudPause> Pauses { get; init; } = [];

    /// <summary>Every place that a machine was ever asked for in: a sweep looks there for good.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];
    public DateTimeOffset? SweptAt { get; init; }

    /// <summary>What makes every call wait; null when calls may go out.</summary>
    public CloudPause? Closed(DateTimeOffset now) => InForce(now).FirstOrDefault(pause => pause.IsForAll);

    /// <summary>What makes an attempt to create wait; null when it may go out.</summary>
    public CloudPause? Blocks(string place, string type, DateTimeOffset now) =>
        InForce(now).Where(pause => pause.Concerns(place, type)).MaxBy(pause => pause.Until);

    /// <summary>After a call that failed: what waits now, and for how long.</summary>
    internal CloudStanding After(
        CloudException fault,
        string? place,
        string? type,
        DateTimeOffset now,
        Pause pause,
        string words
    )
    {
        if (CloudPause.Scope(fault.Fault) is not { } scope)
            return this;
        place = scope.Place ? place : null;
        type = scope.Type ? type : null;
        bool IsSame(CloudPause other) => (other.Fault, other.Place, other.Type) == (fault.Fault, place, type);
        var before = Pauses.FirstOrDefault(IsSame);
        var times = before is null || now - before.Until > CloudPause.Most ? 1 : before.Times + 1;
        var until = fault.Until ?? now + Wait();
        TimeSpan Wait() =>
            scope.First == scope.Most ? scope.Most : pause.About(CloudPause.Doubled(scope.First, scope.Most, times));
        // A provider may name any time; after an hour it is asked again.
        until = until > now + CloudPause.Most ? now + CloudPause.Most : until;
        return this with
        {
            Pauses =
            [
                .. Pauses.Where(other => !IsSame(other) && now - other.Until <= CloudPause.Most),
                new(fault.Fault, place, type, until, times, words),
            ],
        };
    }

    /// <summary>After a machine could be made: what spoke against it is forgotten.</summary>
    internal CloudStanding Without(string place, string type) =>
        Pauses.Any(pause => pause.Concerns(place, type))
            ? this with
            {
                Pauses = [.. Pauses.Where(pause => !pause.Concerns(place, type))],
            }
            : this;

    private IEnumerable<CloudPause> InForce(DateTimeOffset now) => Pauses.Where(pause => pause.Until > now);
}

/// <summary>Calls that wait. Kept when it is over, so that the next one of its kind is longer.</summary>
/// <param name="Place">Null where it holds for all.</param>
/// <param name="Type">Null where it holds for all.</param>
/// <param name="Times">How many in a row.</param>
public sealed record CloudPause(
    CloudFault Fault,
    string? Place,
    string? Type,
    DateTimeOffset Until,
    int Times,
    string Words
)
{
    /// <summary>The longest of all.</summary>
    internal static TimeSpan Most { get; } = TimeSpan.FromHours(1);

    /// <summary>Every call waits, and not only those that create.</summary>
    public bool IsForAll => Fault is CloudFault.Throttled or CloudFault.BadCredentials or CloudFault.Account;

    internal bool Concerns(string place, string type) => (Place ?? place) == place && (Type ?? type) == type;

    internal static TimeSpan Doubled(TimeSpan first, TimeSpan most, int times) =>
        first * Math.Pow(2, Math.Min(times, 20) - 1) is var time && time < most ? time : most;

    /// <summary>What a fault stops: the place's calls, the type's, or all; null where it stops no other call.</summary>
    internal static (bool Place, bool Type, TimeSpan First, TimeSpan Most)? Scope(CloudFault fault) =>
        fault switch
        {
            CloudFault.OutOfStock => (true, true, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(15)),
            CloudFault.NotHere => (true, true, Most, Most),
            CloudFault.BadOrder or CloudFault.Gone => (false, true, Most, Most),
            CloudFault.Quota => (false, false, TimeSpan.FromMinutes(5), Most),
            CloudFault.Throttled => (false, false, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)),
            CloudFault.BadCredentials or CloudFault.NoPermission or CloudFault.Account => (false, false, Most, Most),
            CloudFault.Upstream => (true, false, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5)),
            CloudFault.Busy => null,
            _ => null,
        };
}
