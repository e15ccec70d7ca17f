namespace Muster.Sites.Import;

/// <summary>A site read from an older tool's file, and what was left behind.</summary>
public sealed record ImportedSite(Site Site, IReadOnlyList<string> Warnings);
