using Muster.Configuration;

namespace Muster.Sites.Reading;

/// <summary>A submission that is written down: the options of `submit`, as they would be typed.</summary>
/// <param name="Name">Empty where it stands in a file of its own and is not named there.</param>
/// <param name="Folder">Where it starts: the folder of its file; null for the folder in which it is asked for.</param>
public sealed record JobDraft(string Name, string? Folder, Origin Origin)
{
    /// <summary>The words of the command, or one text for the shell; none where roles have their own.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The command is text for the shell.</summary>
    public bool IsShellText { get; init; }

    public IReadOnlyList<JobOption> Options { get; init; } = [];
}

/// <param name="Name">Without its dashes.</param>
/// <param name="Values">One for each time that the option would be typed.</param>
public sealed record JobOption(string Name, IReadOnlyList<string> Values);
