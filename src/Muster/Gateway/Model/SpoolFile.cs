namespace Muster.Gateway.Model;

/// <summary>A file of a task: its name there, and the content that it names.</summary>
/// <param name="Key">Where that lies in the blob store.</param>
public sealed record SpoolFile(string Name, string Hash, long Bytes, string Key);
