using System.Text.Json.Serialization;
using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>What is known here about one piece of work, over its whole life.</summary>
public sealed record Run
{
    public required RunPlan Plan { get; init; }
    public required DateTimeOffset Created { get; init; }
    public RunState State { get; init; } = new RunState.Planned();

    /// <summary>Somebody asked for its end. The request is kept until it is carried out.</summary>
    public bool CancelWished { get; init; }

    /// <summary>When the site was last asked and answered.</summary>
    public DateTimeOffset? SeenAt { get; init; }

    /// <summary>Since when the site does not answer. It says nothing about the state.</summary>
    public DateTimeOffset? UnreachableSince { get; init; }

    /// <summary>Since when the scheduler has not known it although it answers.</summary>
    public DateTimeOffset? VanishedSince { get; init; }
    public IReadOnlyList<SeenPort> Ports { get; init; } = [];
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Words to find it by.</summary>
    public IReadOnlyList<string> Tags
    {
        get => field ?? [];
        init;
    }

    /// <summary>What somebody noted of it.</summary>
    public IReadOnlyList<Remark> Remarks
    {
        get => field ?? [];
        init;
    }

    /// <summary>The process that submits it, for as long as it does.</summary>
    public Submitter? Submitter { get; init; }
    public string? FetchedTo { get; init; }

    /// <summary>When all of its results were here.</summary>
    public DateTimeOffset? FetchedAt { get; init; }

    /// <summary>The attempts that have ended and were followed by another; the state is the last one's.</summary>
    public IReadOnlyList<Attempt> Attempts
    {
        get => field ?? [];
        init;
    }

    /// <summary>What was told of it already: the events of its notices.</summary>
    public IReadOnlyList<string> Told
    {
        get => field ?? [];
        init;
    }

    /// <summary>What its submission waits for, in words.</summary>
    public string? Waits { get; init; }

    /// <summary>It was submitted elsewhere, and its plan is what was found on the site.</summary>
    public bool Adopted { get; init; }

    public RunId Id => Plan.Id;

    /// <summary>By what its site knows it, once it was launched.</summary>
    [JsonIgnore]
    public JobHandle? Handle =>
        State switch
        {
            RunState.Launched(var handle) => handle,
            RunState.Queued(var handle, _) => handle,
            RunState.Running(var handle, _, _) => handle,
            RunState.Ended end => end.Handle,
            _ => null,
        };
}

/// <summary>A port that the run listens on.</summary>
public sealed record SeenPort(string Name, string Rank, string Host, string Address, int Port);

/// <summary>What somebody noted of a run.</summary>
public sealed record Remark(DateTimeOffset At, string Text);
