namespace Muster.NodeOdm;

/// <summary>
/// A file that a task has already which is still being handed in: our own extension of the API, by which clients go on
/// where they stopped.
/// </summary>
public sealed record ReceivedFile(string Name, long Bytes, string Sha256);

/// <summary>What <c>GET /task/new/files/{uuid}</c> says.</summary>
public sealed record ReceivedAnswer(IReadOnlyList<ReceivedFile> Files);
