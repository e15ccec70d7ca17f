using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Faults;
using Muster.Runs.Submit;
using Muster.Sites;

namespace Muster.Cli.Runs;

/// <summary>`--at` and `--deadline`.</summary>
internal sealed partial class WhenOptions
{
    private readonly Option<string?> _at = new("--at")
    {
        Description = "Do not begin before this time: 18:30, '2026-12-01 06:00', or 2h from now.",
        HelpName = "TIME",
    };
    private readonly Option<string?> _deadline = new("--deadline")
    {
        Description = "End it at this time, or do not begin it any more.",
        HelpName = "TIME",
    };

    public WhenOptions() => All = [_at, _deadline];

    public IReadOnlyList<Option> All { get; }

    public SubmitRequest Asked(ParseResult parsed, SubmitRequest request, TimeProvider clock)
    {
        var (at, deadline) = (Moment(parsed, _at, clock), Moment(parsed, _deadline, clock));
        if (deadline <= (at ?? clock.GetUtcNow()))
            throw UserException.Misuse(
                at is null
                    ? $"--deadline {parsed.GetValue(_deadline)} has passed"
                    : $"--deadline {parsed.GetValue(_deadline)} is not after --at {parsed.GetValue(_at)}",
                "Pass a later time."
            );
        return request with { At = at, Deadline = deadline };
    }

    /// <summary>
    /// A time of day is the next one; a date and a time are those of here, unless they say otherwise.
    /// </summary>
    private static DateTimeOffset? Moment(ParseResult parsed, Option<string?> option, TimeProvider clock)
    {
        var now = clock.GetLocalNow();
        return parsed.GetValue(option) switch
        {
            null => null,
            var text
                when TimeOfDay().IsMatch(text) && TimeOnly.TryParse(text, CultureInfo.InvariantCulture, out var time) =>
                Next(now, time, clock),
            var text
                when text.Contains('-')
                    && DateTime.TryParse(
                        text,
                        CultureInfo.InvariantCulture,
                        DateTimeStyles.AdjustToUniversal,
                        out var moment
                    ) => new DateTimeOffset(
                moment.Kind is DateTimeKind.Utc ? moment : TimeZoneInfo.ConvertTimeToUtc(moment, clock.LocalTimeZone)
            ),
            var text when !TimeOfDay().IsMatch(text) && Durations.TryParse(text, out var later) => now + later,
            var text => throw UserException.Misuse(
                $"'{text}' is not a time for {option.Name}",
                "Examples: 18:30, '2026-12-01 06:00', 2026-12-01T06:00Z, 2h (from now)."
            ),
        };
    }

    private static DateTimeOffset Next(DateTimeOffset now, TimeOnly time, TimeProvider clock)
    {
        var today = Local(DateOnly.FromDateTime(now.DateTime));
        return today > now ? today : Local(DateOnly.FromDateTime(now.DateTime).AddDays(1));

        DateTimeOffset Local(DateOnly day)
        {
            var moment = day.ToDateTime(time);
            return new(moment, clock.LocalTimeZone.GetUtcOffset(moment));
        }
    }

    [GeneratedRegex(@"\A[0-9]{1,2}:[0-9]{2}\z")]
    private static partial Regex TimeOfDay();
}
