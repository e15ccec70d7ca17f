namespace Muster.Runs;

/// <summary>The indices of an array that one of several hosts runs, and how many of them at once.</summary>
public sealed record ArrayPart(string Host, IReadOnlyList<int> Indices, int? AtOnce);
