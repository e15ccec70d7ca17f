using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>What a site may have to say of a run, and what is made of it; for tests of the judge.</summary>
internal static class Sightings
{
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly SchedulerWord Going = new SchedulerWord.Running("c1", Now);
    public static readonly SchedulerWord Waits = new SchedulerWord.Waiting("Priority");
    public static readonly SchedulerWord Failed = new SchedulerWord.Ended(Outcome.Failed, 1, "FAILED");
    public static readonly SchedulerWord Unknown = new SchedulerWord.Absent();

    public static readonly Run Known = new()
    {
        Plan = Plans.Nothing(),
        Created = Now,
        State = new RunState.Launched(new("7")),
    };

    public static StatusRecord Launched => Record("launched", ("handle", "7"));
    public static StatusRecord Wish => Record("cancel", ("time", "1"));

    public static StatusRecord Started(int attempt = 0, int job = 7) =>
        Record(
            "main.0.started",
            ("host", "c1"),
            ("pid", "5"),
            ("attempt", $"{attempt}"),
            ("job", $"{job}"),
            ("handle", $"{job}"),
            ("time", $"{Now.ToUnixTimeSeconds()}")
        );

    public static StatusRecord Exit(int code, string reason = "exited", int attempt = 0, int rank = 0) =>
        Record(
            $"main.{rank}.exit",
            ("host", "c1"),
            ("code", $"{code}"),
            ("reason", reason),
            ("attempt", $"{attempt}"),
            ("time", $"{Now.ToUnixTimeSeconds()}")
        );

    public static StatusRecord Record(string name, params (string Key, string Value)[] values) =>
        new(name, values.ToDictionary(pair => pair.Key, pair => pair.Value));

    public static RunFacts Facts(StatusRecord[] records) =>
        new() { Present = true, Records = records.ToDictionary(record => record.Name) };

    public static Run After(StatusRecord[] records, SchedulerWord? word) => After(Known, records, word, Now);

    public static Run After(StatusRecord[] records, SchedulerWord? word, DateTimeOffset now) =>
        After(Known, records, word, now);

    public static Run After(Run run, StatusRecord[] records, SchedulerWord? word, DateTimeOffset now) =>
        RunJudge.After(run, Facts(records), word, schedulerKnowsMore: true, now);

    public static T Is<T>(Run run)
        where T : RunState => Assert.IsType<T>(run.State);

    public static RunState.Ended Ended(Run run) => Is<RunState.Ended>(run);
}
