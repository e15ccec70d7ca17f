namespace Muster.Sites.Clouds.Keeping;

/// <summary>A machine that somebody needs. It stays as it was first said, whatever becomes of it.</summary>
public sealed record MachineRequest
{
    /// <summary>Given by whoever asks, so that asking twice orders once.</summary>
    public required Guid Id { get; init; }
    public required string Type { get; init; }
    public required string Image { get; init; }

    /// <summary>In the order in which they are tried; one without a name is the only one of its provider.</summary>
    public required IReadOnlyList<string> Places { get; init; }

    /// <summary>How long it may live, from the attempt that makes it. All of it is reserved in the budget.</summary>
    public required TimeSpan Life { get; init; }

    /// <summary>The public half of the key with which we come in.</summary>
    public required string PublicKey { get; init; }

    /// <summary>What it is for, in words, such as <c>run 0197c0de</c> or <c>3 tasks that wait</c>.</summary>
    public required string Purpose { get; init; }

    /// <summary>Who pays for it: a token's name, where there is one.</summary>
    public string? Payer { get; init; }
    public int? DiskGb { get; init; }
    public bool Spot { get; init; }
    public decimal? SpotPrice { get; init; }

    /// <summary>Most attempts, and at least one in each place; null tries until it is released.</summary>
    public int? Attempts { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    public string NamePrefix { get; init; } = "muster";
}
