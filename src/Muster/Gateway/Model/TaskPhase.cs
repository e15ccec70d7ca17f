using System.Text.Json.Serialization;
using Muster.NodeOdm;

namespace Muster.Gateway.Model;

/// <summary>Where a task is. Each phase holds what is known in it and nothing else.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(Receiving), "receiving")]
[JsonDerivedType(typeof(Fetching), "fetching")]
[JsonDerivedType(typeof(Queued), "queued")]
[JsonDerivedType(typeof(Sending), "sending")]
[JsonDerivedType(typeof(Running), "running")]
[JsonDerivedType(typeof(Collecting), "collecting")]
[JsonDerivedType(typeof(Ended), "ended")]
public abstract record TaskPhase
{
    private TaskPhase() { }

    /// <summary>Its files are coming in. Clients see it only after their commit.</summary>
    public sealed record Receiving(DateTimeOffset HeardAt) : TaskPhase;

    /// <summary>Its files are fetched from an address that its client named.</summary>
    public sealed record Fetching(string Url, DateTimeOffset Since) : TaskPhase;

    /// <param name="ShownRunning">Shown to clients as running: a part of a task that would be withdrawn if it were seen
    /// waiting.</param>
    public sealed record Queued(DateTimeOffset Since, bool ShownRunning) : TaskPhase;

    /// <summary>Placed: it holds a slot of the node, and its files go there.</summary>
    /// <param name="OnNode">Its id there: the task's own, unless an earlier attempt left doubt about what that node
    /// has.</param>
    /// <param name="Anew">How often it was begun anew under another id.</param>
    public sealed record Sending(
        string Node,
        Guid OnNode,
        DateTimeOffset Since,
        SendingStage Stage = SendingStage.Placed,
        int Anew = 0
    ) : TaskPhase;

    /// <summary>The node has it.</summary>
    /// <param name="Waiting">It waits in the node's own queue.</param>
    /// <param name="Seen">Lines of the node's output that we have.</param>
    /// <param name="UnknownSince">Since when the node answers without knowing it.</param>
    public sealed record Running(
        string Node,
        Guid OnNode,
        DateTimeOffset Since,
        bool Waiting = false,
        int Seen = 0,
        DateTimeOffset? UnknownSince = null
    ) : TaskPhase;

    /// <summary>Done on the node; its archive comes here.</summary>
    public sealed record Collecting(string Node, Guid OnNode, DateTimeOffset Since) : TaskPhase;

    /// <param name="Node">Where it ended, if it was on a node.</param>
    public sealed record Ended(
        TaskCode Code,
        DateTimeOffset At,
        string? Error = null,
        string? Node = null,
        Guid? OnNode = null,
        ResultFile? Result = null
    ) : TaskPhase;

    /// <summary>Its name, for people and programs.</summary>
    [JsonIgnore]
    public string Word => GetType().Name.ToLowerInvariant();

    /// <summary>Since when, for those on the way from the commit to the end.</summary>
    [JsonIgnore]
    public DateTimeOffset? Began =>
        this switch
        {
            Fetching at => at.Since,
            Queued at => at.Since,
            Sending at => at.Since,
            Running at => at.Since,
            Collecting at => at.Since,
            _ => null,
        };

    [JsonIgnore]
    public bool IsLive => this is not Ended;

    /// <summary>The node whose slot it holds.</summary>
    [JsonIgnore]
    public (string Node, Guid OnNode)? Slot =>
        this switch
        {
            Sending at => (at.Node, at.OnNode),
            Running at => (at.Node, at.OnNode),
            _ => null,
        };

    /// <summary>The node that has it or had it.</summary>
    [JsonIgnore]
    public (string Node, Guid OnNode)? Place =>
        this switch
        {
            Collecting at => (at.Node, at.OnNode),
            Ended { Node: { } node, OnNode: { } id } => (node, id),
            _ => Slot,
        };
}

/// <summary>How far a task has surely not come: each stage is written down before it begins.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SendingStage>))]
public enum SendingStage
{
    Placed,
    Uploading,
    Committing,
}

/// <summary>The archive of a finished task, as it lies in our own store.</summary>
public sealed record ResultFile(long Bytes, string Sha256, string Key);
