namespace Muster.Gateway.Model;

/// <summary>What a token may do. What is not set is not limited.</summary>
public sealed record TokenLimits
{
    public static readonly TokenLimits None = new();

    public int? MaxImages { get; init; }
    public int? MaxConcurrentTasks { get; init; }
    public IReadOnlyDictionary<string, OptionLimit>? Options { get; init; }

    /// <summary>The word for a token that may have no more tasks now; null when it may.</summary>
    public string? Refusal(int running) =>
        MaxConcurrentTasks is { } most && running >= most
            ? $"Reached maximum number of concurrent tasks: {most}. Please wait until other tasks have finished, then "
                + "restart the task."
            : null;
}
