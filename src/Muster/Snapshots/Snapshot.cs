using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>The state of a folder at submission, ready to be sent.</summary>
public sealed record Snapshot
{
    /// <summary>The git commit that holds it; absent outside git.</summary>
    public string? Commit { get; init; }

    /// <summary>The commit that was checked out; absent outside git and before the first commit.</summary>
    public string? Head { get; init; }

    /// <summary>The branch's name, or the short hash when none is checked out; absent outside git.</summary>
    public string? Branch { get; init; }

    /// <summary>The snapshot differs from <see cref="Head"/>.</summary>
    public bool Dirty { get; init; }
    public required string Root { get; init; }

    /// <summary>Where in the root the user stood.</summary>
    public RawPath? Subfolder { get; init; }
    public required IReadOnlyList<CargoItem> Items { get; init; }
    public LeftOut LeftOut { get; init; } = LeftOut.Nothing;
    public IReadOnlyList<string> Warnings { get; init; } = [];

    public string? ShortHead => Head?[..10];
    public long TotalBytes => field > 0 ? field : field = Items.Sum(item => item.Size);

    public IEnumerable<CargoItem> Largest(int count) => Items.OrderByDescending(item => item.Size).Take(count);
}

/// <summary>What is ignored and therefore stays: the topmost entries, as many as are worth showing.</summary>
public sealed record LeftOut(IReadOnlyList<string> Entries, bool More)
{
    public static readonly LeftOut Nothing = new([], false);
}

/// <summary>The run a snapshot is taken for: its id, which becomes the last part of <c>refs/muster/…</c>.</summary>
public readonly record struct RunRef
{
    public RunRef(string id)
    {
        if (id.Length == 0 || !id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            throw new ArgumentException($"'{id}' cannot be the end of a git ref", nameof(id));
        Name = $"refs/muster/{id}";
    }

    public string Name { get; }
}
