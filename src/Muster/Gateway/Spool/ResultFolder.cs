using System.Security.Cryptography;
using Muster.Gateway.Model;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Gateway.Spool;

/// <summary>The archives of finished tasks. One is there whole or not at all.</summary>
public sealed class ResultFolder(IBlobStore blobs)
{
    /// <summary>Where one is written while it comes.</summary>
    public string NewPart() => blobs.NewPart();

    /// <summary>Reads through what has come. Null when it is no whole archive.</summary>
    /// <param name="since">Since when it is collected: each time has a key of its own, so that nobody who is late
    /// touches another's.</param>
    public static async Task<ResultFile?> CheckAsync(string part, Guid task, DateTimeOffset since, CancellationToken ct)
    {
        await using var file = new FileStream(
            part,
            FileMode.Open,
            FileAccess.Read,
            FileShare.Read,
            bufferSize: 1 << 16,
            FileOptions.Asynchronous
        );
        if (!IsWhole(file))
            return null;
        file.Position = 0;
        return new(file.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct)), KeyOf(task, since));
    }

    public Task KeepAsync(string part, ResultFile result, CancellationToken ct) => blobs.PutAsync(part, result.Key, ct);

    public Stream Open(ResultFile result) => blobs.Open(result.Key, result.Bytes);

    /// <summary>Where clients may read it without us.</summary>
    public Uri? AddressOf(ResultFile result, TimeSpan lifetime) => blobs.AddressOf(result.Key, lifetime);

    /// <summary>Deletes what a task had when it was last seen.</summary>
    public async Task DeleteAsync(GatewayTask task)
    {
        var key = task.Phase switch
        {
            TaskPhase.Ended { Result: { } result } => result.Key,
            TaskPhase.Collecting at => KeyOf(task.Id, at.Since),
            _ => null,
        };
        try
        {
            if (key is not null)
                await blobs.DeleteAsync(key, CancellationToken.None);
        }
        catch (IOException) { } // the bucket does not answer; the task is gone all the same
    }

    private static string KeyOf(Guid task, DateTimeOffset since) =>
        $"results/{task}/{since.ToUnixTimeMilliseconds():x}/all.zip";

    /// <summary>
    /// An archive that was cut off has no directory at its end; one that is all directory is no result.
    /// </summary>
    private static bool IsWhole(Stream file)
    {
        var most = InputLimits.Default.ResultFiles;
        return ZipDirectory.Count(file, most) <= most;
    }
}
