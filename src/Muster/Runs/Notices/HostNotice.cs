using Muster.Faults;
using Muster.Sites.Notices;

namespace Muster.Runs.Notices;

/// <summary>
/// A run's end, and its start after a long wait, as its host tells them, by <c>notice.sh</c>: what it is given, and
/// what it did.
/// </summary>
public static class HostNotice
{
    /// <summary>The host gives up after 10 s; then its record says by which ways it was told.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The plan, with what its host is to tell.</summary>
    public static RunPlan Planned(RunPlan plan, NoticeSettings settings) =>
        plan with
        {
            HostLongWait = settings.FromHost ? (int)settings.LongWait.TotalSeconds : null,
            HostTells =
                settings.FromHost && plan.Hosts().Count == 1
                    ?
                    [
                        .. Enum.GetValues<NoticeKind>()
                            .Where(kind => plan.Notify || settings.On.Contains(kind))
                            .Select(kind => kind.ToString().ToLowerInvariant()),
                    ]
                    : [],
        };

    /// <summary>What the host needs for it, a line for each way; only the user may read it there.</summary>
    public static string? Text(RunPlan plan, NoticeSettings settings) =>
        plan.HostTells.Count == 0
            ? null
            : string.Concat(NoticePost.Of(settings).Select(way => Line(way.Way, way.For, plan.Id) + "\n"));

    /// <summary>By which ways the host has told it; null while it is at it.</summary>
    internal static IReadOnlyList<string>? ToldBy(RunFacts? facts, string @event) =>
        // Of all attempts, the first alone tells that it has started.
        (@event == RunNotice.Started ? facts?.Records : facts?.OfItsAttempt().Records)?.GetValueOrDefault(
            @event == RunNotice.Started ? "told.start" : "told"
        )
            is not { } told
            ? []
            : told["sent"]?.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Line(string way, Func<RunId, string, NoticePost> of, RunId run)
    {
        try
        {
            var post = of(run, RunNotice.Ended);
            foreach (var word in new[] { post.Token, post.Topic })
                if (word?.Any(c => c is <= ' ' or > '~') is true)
                    throw new UserException(
                        "its token or topic contains a space or a special character",
                        "Correct it."
                    );
            return string.Join(' ', way, post.Method, post.Address.AbsoluteUri, post.Token ?? "-", post.Topic ?? "-");
        }
        catch (UserException fault)
        {
            throw new UserException($"notify by {way}: {fault.Message}", fault.Fix);
        }
    }
}
