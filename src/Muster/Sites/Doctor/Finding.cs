namespace Muster.Sites.Doctor;

/// <summary>How good or bad a finding is.</summary>
public enum Mark
{
    Ok,
    Warn,
    Bad,
}

/// <summary>One thing that was found out about a host of a site.</summary>
/// <param name="About">A word or two, such as <c>root</c> or <c>host key</c>.</param>
/// <param name="Fix">What to do about it; a bad one always has it.</param>
public sealed record Finding(Mark Mark, string About, string Text, string? Fix = null)
{
    /// <summary>What <c>--fix</c> can do about it by itself.</summary>
    public Remedy Remedy { get; init; }
}

/// <summary>The few mends that are safe to make without a person.</summary>
public enum Remedy
{
    None,
    MakeRoot,
    GiveKey,
    CloseSockets,
}
