using Muster.Runs;
using Muster.Runs.Follow;
using Muster.Runs.Measures;
using Muster.Sites.Schedulers;

namespace Muster.Cli.Runs;

/// <summary>A run as `--json` shows it. Only grows; <c>schema</c> counts the changes that do not.</summary>
public sealed record RunView
{
    public int Schema { get; init; } = 1;
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required string Site { get; init; }
    public string? Host { get; init; }
    public string? HostReason { get; init; }
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Variables by name; null where the value is a secret or was taken from the environment.</summary>
    public IReadOnlyDictionary<string, string?>? Environment { get; init; }
    public string? Launch { get; init; }
    public IReadOnlyList<RoleView>? Roles { get; init; }
    public string? Container { get; init; }
    public IReadOnlyList<ImageView>? Images { get; init; }

    /// <summary>How much its command reads as standard input.</summary>
    public long? StdinBytes { get; init; }
    public string? Terminal { get; init; }

    /// <summary>Not begun before this.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Ended by this, or not begun.</summary>
    public DateTimeOffset? Deadline { get; init; }
    public RetryView? Retry { get; init; }
    public IReadOnlyList<AttemptView>? Attempts { get; init; }
    public required string State { get; init; }
    public string? Reason { get; init; }
    public string? Where { get; init; }
    public DateTimeOffset? Since { get; init; }
    public string? Handle { get; init; }
    public string? Outcome { get; init; }
    public int? Code { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public EvidenceView? Evidence { get; init; }
    public required string Contact { get; init; }
    public DateTimeOffset? SeenAt { get; init; }
    public DateTimeOffset? UnreachableSince { get; init; }
    public bool CancelWished { get; init; }
    public bool Interrupted { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public string? Commit { get; init; }
    public string? Branch { get; init; }
    public IReadOnlyList<PortView> Ports { get; init; } = [];
    public IReadOnlyList<string> Notes { get; init; } = [];
    public string? FetchedTo { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }
    public IReadOnlyList<RemarkView>? Remarks { get; init; }
    public UsageView? Usage { get; init; }
    public IReadOnlyList<MetricView>? Metrics { get; init; }

    /// <summary>With what it has measured.</summary>
    public static RunView Of(Run run, MeasureSummary? measures) =>
        Of(run) with
        {
            Usage = measures?.Usage is { } usage ? UsageView.Of(usage) : null,
            Metrics = measures is { Metrics.Count: > 0 }
                ? [.. measures.Metrics.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(MetricView.Of)]
                : null,
        };

    public static RunView Of(Run run) =>
        new()
        {
            Id = run.Id.ToString(),
            Name = run.Plan.Name,
            Site = run.Plan.Site,
            Host = run.Plan.Host,
            HostReason = run.Plan.HostReason,
            Command = run.Plan.Command,
            Environment =
                run.Plan.EnvironmentNames.Count == 0
                    ? null
                    : run.Plan.EnvironmentNames.ToDictionary(
                        name => name,
                        name => run.Plan.Environment.GetValueOrDefault(name)
                    ),
            Launch = run.Plan.Launch,
            Roles =
                run.Plan.Roles.Count == 0
                    ? null
                    : [.. run.Plan.Roles.Select(role => new RoleView(role.Name, role.Size, role.Hosts))],
            Container = run.Plan.Container,
            Images =
                run.Plan.Images.Count == 0
                    ? null
                    :
                    [
                        .. run.Plan.Images.Select(image => new ImageView(
                            image.Host,
                            image.Runtime,
                            image.Image,
                            image.Digest
                        )),
                    ],
            At = run.Plan.At,
            Deadline = run.Plan.Deadline,
            StdinBytes = run.Plan.Stdin?.Bytes,
            Terminal = run.Plan.Tty,
            Retry = run.Plan.Retry is { } retry
                ? new(retry.Times, [.. retry.On.Select(outcome => outcome.Word())], retry.GrowMemory, retry.Resume)
                : null,
            Attempts =
                run.Attempts.Count == 0
                    ? null
                    :
                    [
                        .. run.Attempts.Select(attempt => new AttemptView(
                            attempt.Outcome.Word(),
                            attempt.At,
                            attempt.Text
                        )),
                    ],
            State = run.State is RunState.Ended ? "ended" : run.State.Word,
            Reason = (run.State as RunState.Queued)?.Reason,
            Where = (run.State as RunState.Running)?.Where,
            Since = (run.State as RunState.Running)?.Since,
            Handle = run.Handle?.Text,
            Outcome = (run.State as RunState.Ended)?.Word,
            Code = (run.State as RunState.Ended)?.Code,
            StartedAt = (run.State as RunState.Running)?.Since ?? (run.State as RunState.Ended)?.Started,
            EndedAt = (run.State as RunState.Ended)?.At,
            Evidence = run.State is RunState.Ended ended ? new(ended.Evidence.Source, ended.Evidence.Text) : null,
            Contact = run.UnreachableSince is null ? "ok" : "unreachable",
            SeenAt = run.SeenAt,
            UnreachableSince = run.UnreachableSince,
            CancelWished = run.CancelWished,
            Interrupted = RunKeeper.IsAbandoned(run),
            CreatedAt = run.Created,
            Commit = run.Plan.Commit,
            Branch = run.Plan.Branch,
            Ports = [.. run.Ports.Select(port => new PortView(port.Name, port.Rank, port.Host, port.Port))],
            Notes = run.Notes,
            FetchedTo = run.FetchedTo,
            Tags = run.Tags.Count == 0 ? null : run.Tags,
            Remarks =
                run.Remarks.Count == 0
                    ? null
                    : [.. run.Remarks.Select(remark => new RemarkView(remark.At, remark.Text))],
        };
}

public sealed record EvidenceView(string Source, string Text);

public sealed record RetryView(int Times, IReadOnlyList<string> On, double? GrowMemory, string? Resume);

/// <summary>An attempt that another has followed.</summary>
public sealed record AttemptView(string Outcome, DateTimeOffset EndedAt, string Evidence);

public sealed record RoleView(string Name, int Size, IReadOnlyList<string> Hosts);

public sealed record ImageView(string? Host, string Runtime, string Image, string? Digest);

public sealed record RemarkView(DateTimeOffset At, string Text);

/// <summary>Sizes in megabytes, shares in percent.</summary>
public sealed record UsageView(
    double Seconds,
    double Cores,
    double? MemoryMb,
    double? Gpu,
    double? GpuIdle,
    double? GpuMemoryMb,
    double? DiskMb
)
{
    public static UsageView Of(UsageSummary usage) =>
        new(
            usage.Seconds,
            Math.Round(usage.Cores, 3),
            usage.Memory,
            usage.Gpu,
            usage.GpuIdle,
            usage.GpuMemory,
            usage.Disk
        );
}

public sealed record MetricView(string Name, int Parts, PointOfMetric Last, PointOfMetric? Least, PointOfMetric? Most)
{
    public static MetricView Of(KeyValuePair<string, MetricSummary> pair) =>
        new(
            pair.Key,
            pair.Value.Parts,
            PointOfMetric.Of(pair.Value.Last)!,
            PointOfMetric.Of(pair.Value.Least),
            PointOfMetric.Of(pair.Value.Most)
        );
}

public sealed record PointOfMetric(double Value, long Step)
{
    public static PointOfMetric? Of(MetricPoint? point) => point is null ? null : new(point.Value, point.Step);
}

/// <summary>What `compare` answers.</summary>
public sealed record ComparisonView(
    int Schema,
    IReadOnlyList<ComparedView> Runs,
    IReadOnlyList<string> Differs,
    IReadOnlyList<CodeChangeView> Code
)
{
    /// <summary>What could not be asked; on the command line it stands beside the answer.</summary>
    public IReadOnlyList<string>? Notes { get; init; }
}

public sealed record ComparedView(
    string Id,
    string Name,
    int? Index,
    string State,
    double? Seconds,
    IReadOnlyDictionary<string, string> Parameters,
    IReadOnlyList<ComparedMetricView> Metrics,
    string? Commit
);

public sealed record ComparedMetricView(
    string Name,
    bool LessIsBetter,
    PointOfMetric Last,
    PointOfMetric? Least,
    PointOfMetric? Most,
    IReadOnlyList<PointOfMetric> Points
);

public sealed record CodeChangeView(string From, string To, IReadOnlyList<string> Files, int Added, int Removed);

/// <summary>What `best` answers.</summary>
public sealed record BestView(int Schema, string Metric, bool LessIsBetter, IReadOnlyList<BestEntryView> Best);

public sealed record BestEntryView(
    string Id,
    string Name,
    int? Index,
    IReadOnlyDictionary<string, string> Parameters,
    double Value,
    long Step
);

/// <summary>What `show --points` answers.</summary>
public sealed record PointListView(int Schema, string Id, string Name, IReadOnlyList<PointView> Points);

public sealed record PointView(int Index, IReadOnlyDictionary<string, string> Parameters, string State, int? Code);

public sealed record PortView(string Name, string Rank, string Host, int Port);

public sealed record RunListView(int Schema, IReadOnlyList<RunView> Runs);

/// <summary>One line of a stream: what a follower learns.</summary>
public sealed record EventView(int Schema, string Event)
{
    public RunView? Run { get; init; }
    public string? Log { get; init; }
    public long? Offset { get; init; }
    public string? Text { get; init; }

    /// <summary>Log bytes that are no UTF-8.</summary>
    public byte[]? Bytes { get; init; }
    public string? Url { get; init; }
    public string? Name { get; init; }
    public double? Seconds { get; init; }

    /// <summary>When a line of a log was written, to the second.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>How a command ended.</summary>
    public int? Code { get; init; }

    public static EventView Of(RunEvent.Log log) =>
        With(new(1, "log") { Log = log.Name, Offset = log.Offset }, log.Bytes);

    /// <summary>What a command printed.</summary>
    public static EventView Of(string stream, ReadOnlyMemory<byte> bytes) =>
        With(new(1, "output") { Log = stream }, bytes);

    /// <summary>Bytes as text where they are UTF-8, else as they are.</summary>
    private static EventView With(EventView view, ReadOnlyMemory<byte> bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes.Span)
            ? view with
            {
                Text = System.Text.Encoding.UTF8.GetString(bytes.Span),
            }
            : view with
            {
                Bytes = bytes.ToArray(),
            };
}
