using Muster.Sites.Schedulers;

namespace Muster.Runs.Launching;

/// <summary>A moment as the client's real code knows it, and what that code makes of it.</summary>
internal static class ClientView
{
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly RunPlan Plan = new()
    {
        Id = new(Guid.Parse("01900000-0000-7000-8000-000000000000")),
        Name = "x",
        Site = "s",
        Command = ["true"],
        WorkingFolder = "/",
    };

    public static Moment EndHere(Moment m) =>
        m with
        {
            Local = Phase.Ended,
            Outcome = Outcome.Cancelled,
            EndedHere = true,
        };

    public static RunFacts Facts(Seen seen)
    {
        var records = new Dictionary<string, StatusRecord>();
        void Put(string name, params (string Key, string Value)[] values) =>
            records[name] = new(name, values.ToDictionary(pair => pair.Key, pair => pair.Value));
        var time = Now.AddHours(-2).ToUnixTimeSeconds().ToString();
        if (seen.Launched != 0)
            Put("launched", ("handle", seen.Launched.ToString()));
        if (seen.Cancel)
            Put("cancel", ("time", time));
        if (seen.Refused)
            Put("refused", ("time", time), ("text", "no"));
        if (seen.Started != 0)
            Put(
                "main.0.started",
                ("time", time),
                ("host", "c1"),
                ("job", seen.Started.ToString()),
                ("handle", seen.Started.ToString())
            );
        if (seen.Exit is not ExitRecord.None)
            Put(
                "main.0.exit",
                ("time", time),
                ("host", "c1"),
                ("code", seen.Exit is ExitRecord.Zero ? "0" : "143"),
                ("reason", seen.Exit is ExitRecord.Zero ? "exited" : "cancelled")
            );
        return new()
        {
            Present = true,
            Records = records,
            Tried = seen.Tried,
        };
    }

    public static Run Known(Moment m) =>
        new()
        {
            Plan = Plan,
            Created = Now,
            CancelWished = m.Wished,
            State = m.Local switch
            {
                Phase.Planned => new RunState.Planned(),
                Phase.Staging => new RunState.Staging(),
                Phase.Launched => new RunState.Launched(new(m.Handle.ToString())),
                Phase.Queued => new RunState.Queued(new(m.Handle.ToString()), "Priority"),
                Phase.Running => new RunState.Running(new(m.Handle.ToString()), "c1", Now),
                _ => new RunState.Ended(m.Outcome, null, Now, new("", "")),
            },
        };

    public static Moment Keep(Moment m, Run run)
    {
        var (local, handle, outcome) = run.State switch
        {
            RunState.Planned => (Phase.Planned, "0", default(Outcome)),
            RunState.Staging => (Phase.Staging, "0", default),
            RunState.Launched(var job) => (Phase.Launched, job.Text, default),
            RunState.Queued(var job, _) => (Phase.Queued, job.Text, default),
            RunState.Running(var job, _, _) => (Phase.Running, job.Text, default),
            RunState.Ended(var end, _, _, _) => (Phase.Ended, "0", end),
            _ => throw new InvalidOperationException(),
        };
        return m with
        {
            Local = local,
            Handle = byte.Parse(handle),
            Outcome = outcome,
            Wished = run.CancelWished,
            Vanished = local is not Phase.Ended && run.VanishedSince is not null,
        };
    }
}
