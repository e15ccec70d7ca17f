using System.Text.Json.Serialization;
using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>Where a run is. Each state holds what is known in it and nothing else.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(Planned), "planned")]
[JsonDerivedType(typeof(Staging), "staging")]
[JsonDerivedType(typeof(Launched), "launched")]
[JsonDerivedType(typeof(Queued), "queued")]
[JsonDerivedType(typeof(Running), "running")]
[JsonDerivedType(typeof(Ended), "ended")]
public abstract record RunState
{
    private RunState() { }

    [JsonIgnore]
    public abstract string Word { get; }

    [JsonIgnore]
    public bool IsLive => this is not Ended;

    public sealed record Planned : RunState
    {
        public override string Word => "planned";
    }

    /// <summary>On its way to the site. Whether it was launched is not known yet.</summary>
    public sealed record Staging : RunState
    {
        public override string Word => "staging";
    }

    public sealed record Launched(JobHandle Handle) : RunState
    {
        public override string Word => "launched";
    }

    public sealed record Queued(JobHandle Handle, string Reason) : RunState
    {
        public override string Word => "queued";
    }

    public sealed record Running(JobHandle Handle, string Where, DateTimeOffset Since) : RunState
    {
        public override string Word => "running";
    }

    public sealed record Ended(Outcome Outcome, int? Code, DateTimeOffset At, Evidence Evidence) : RunState
    {
        public override string Word => Outcome.Word();

        /// <summary>When it began; null when it never did, or when that is not known.</summary>
        public DateTimeOffset? Started { get; init; }

        /// <summary>What the scheduler called it.</summary>
        public JobHandle? Handle { get; init; }
    }
}

/// <summary>What proves an end: who said it, and the words.</summary>
public sealed record Evidence(string Source, string Text);
