using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>
/// One job as the controller describes it in full: <c>scontrol show job -o</c>, under <c>TZ=UTC0</c>.
/// </summary>
public sealed partial record ScontrolJob
{
    /// <summary>The number under which the controller keeps it; a task of an array has its own.</summary>
    public required long RawId { get; init; }
    public required SlurmJobRef Job { get; init; }
    public required string Name { get; init; }
    public required SlurmState State { get; init; }
    public string? Reason { get; init; }
    public SlurmExitCode? ExitCode { get; init; }
    public string? Nodes { get; init; }

    /// <summary>How often it was put back into the queue: it tells one attempt from the next.</summary>
    public int Restarts { get; init; }
    public DateTimeOffset? Submitted { get; init; }
    public DateTimeOffset? Start { get; init; }
    public DateTimeOffset? End { get; init; }
    public TimeLimit? TimeLimit { get; init; }
    public string? Partition { get; init; }
    public string? Comment { get; init; }

    public static IReadOnlyList<ScontrolJob> ReadAll(string output) =>
        [.. output.Split('\n').Select(line => Read(line.TrimEnd('\r'))).OfType<ScontrolJob>()];

    private static ScontrolJob? Read(string line)
    {
        var head = Head().Match(line);
        if (!head.Success)
            return null;

        var fields = Fields(head.Groups["before"].Value);
        foreach (var (key, value) in Fields(head.Groups["after"].Value))
            fields.TryAdd(key, value);

        string? Field(string key) => fields.TryGetValue(key, out var text) ? SlurmText.Value(text) : null;
        if (
            !long.TryParse(Field("JobId"), NumberStyles.None, CultureInfo.InvariantCulture, out var rawId)
            || Field("JobState") is not { } state
        )
            return null;
        return new()
        {
            RawId = rawId,
            Job = RefOf(rawId, Field),
            Name = head.Groups["name"].Value,
            State = SlurmState.Read(state),
            Reason = Field("Reason"),
            ExitCode = Field("ExitCode") is { } exit ? SlurmExitCode.Find(exit) : null,
            Nodes = Field("NodeList"),
            Restarts = int.TryParse(
                Field("Restarts"),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var restarts
            )
                ? restarts
                : 0,
            Submitted = SlurmText.Time(Field("SubmitTime") ?? ""),
            Start = SlurmText.Time(Field("StartTime") ?? ""),
            End = SlurmText.Time(Field("EndTime") ?? ""),
            TimeLimit = Field("TimeLimit") is { } text && Slurm.TimeLimit.TryParse(text, out var limit) ? limit : null,
            Partition = Field("Partition"),
            Comment = Field("Comment"),
        };
    }

    private static SlurmJobRef RefOf(long rawId, Func<string, string?> field)
    {
        if (field("ArrayJobId") is { } array)
            return SlurmJobRef.Find(TaskName(array, field("ArrayTaskId"))) ?? new(rawId);
        if (field("HetJobId") is { } first)
            return SlurmJobRef.Find($"{first}+{field("HetJobOffset")}") ?? new(rawId);
        return new(rawId);
    }

    private static string TaskName(string array, string? task) =>
        task is null ? array
        : int.TryParse(task, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? $"{array}_{task}"
        : $"{array}_[{task}]";

    /// <summary>
    /// Values may hold spaces, so a value reaches to the next key. The first of a key counts: commands and paths come
    /// last.
    /// </summary>
    private static Dictionary<string, string> Fields(string text)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        var keys = Key().Matches(text);
        for (var i = 0; i < keys.Count; i++)
        {
            var start = keys[i].Index + keys[i].Length;
            var end = i + 1 < keys.Count ? keys[i + 1].Index : text.Length;
            fields.TryAdd(keys[i].Groups["key"].Value, text[start..end].Trim());
        }
        return fields;
    }

    // A job's name is its owner's text and may look like fields. What follows it does not vary.
    [GeneratedRegex(
        @"\A\s*(?<before>JobId=[0-9]+(?: [A-Za-z]+=\S*)*?) JobName=(?<name>.*?)(?: HetJobIdSet=\S*)?(?<after> UserId=\S*\([0-9]+\) GroupId=.*)\z"
    )]
    private static partial Regex Head();

    [GeneratedRegex(@"(?<=\A|\s)(?<key>[A-Z][A-Za-z0-9_:/]*)=")]
    private static partial Regex Key();
}
