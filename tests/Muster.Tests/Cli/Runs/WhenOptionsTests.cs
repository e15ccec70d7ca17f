using System.CommandLine;
using System.Globalization;
using Muster.Faults;
using Muster.Runs.Submit;

namespace Muster.Cli.Runs;

/// <summary>Times of `--at` and `--deadline`, at noon two hours east of Greenwich.</summary>
public sealed class WhenOptionsTests
{
    private static readonly SubmitRequest Nothing = new() { Command = ["true"], WorkingFolder = "/" };

    [Theory]
    [InlineData("18:30", "2026-11-30T16:30:00Z")]
    [InlineData("9:05", "2026-12-01T07:05:00Z")]
    [InlineData("2026-12-01 06:00", "2026-12-01T04:00:00Z")]
    [InlineData("2026-12-01T06:00Z", "2026-12-01T06:00:00Z")]
    [InlineData("90m", "2026-11-30T11:30:00Z")]
    public void A_time_is_that_of_here_and_a_time_of_day_the_next_one(string text, string moment) =>
        Assert.Equal(DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture), Read("--at", text).At);

    [Theory]
    [InlineData("--deadline", "2026-11-30 11:00")]
    [InlineData("--at", "soon")]
    [InlineData("--at", "25:00")]
    [InlineData("--at", "2h", "--deadline", "1h")]
    public void What_is_no_time_or_has_passed_is_refused(params string[] words) =>
        Assert.Throws<UserException>(() => Read(words));

    private static SubmitRequest Read(params string[] words)
    {
        var when = new WhenOptions();
        var command = new Command("submit");
        foreach (var option in when.All)
            command.Add(option);
        return when.Asked(command.Parse(words), Nothing, new Noon());
    }

    private sealed class Noon : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 30, 10, 0, 0, TimeSpan.Zero);

        public override TimeZoneInfo LocalTimeZone { get; } =
            TimeZoneInfo.CreateCustomTimeZone("east", TimeSpan.FromHours(2), "east", "east");
    }
}
