using System.Text.Json.Serialization;

namespace Muster.Sites.Schedulers;

/// <summary>How a run ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Outcome>))]
public enum Outcome
{
    Succeeded,
    Failed,
    Cancelled,
    TimedOut,
    OutOfMemory,
    Preempted,
    NodeFailed,
    Lost,
}

public static class Outcomes
{
    public static string Word(this Outcome outcome) =>
        outcome switch
        {
            Outcome.Succeeded => "succeeded",
            Outcome.Failed => "failed",
            Outcome.Cancelled => "cancelled",
            Outcome.TimedOut => "timed-out",
            Outcome.OutOfMemory => "out-of-memory",
            Outcome.Preempted => "preempted",
            Outcome.NodeFailed => "node-failed",
            _ => "lost",
        };
}
