using Muster.Faults;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Storage;

namespace Muster.Gateway.Hosting;

/// <summary>
/// Opens the place of uploads and results, and makes sure that it is the one of which the database speaks.
/// </summary>
internal static class BlobHome
{
    private const string Setting = "blobs";

    /// <summary>A fault where nothing can be put.</summary>
    public static async Task CheckAsync(GatewayOptions options, CancellationToken ct)
    {
        using var blobs = At(options);
        await blobs.CheckAsync(ct);
    }

    /// <param name="mayBeAway">A bucket that does not answer now is waited for later, as clients ask for more than
    /// contents.</param>
    /// <returns>The place, and the name that the database has for it.</returns>
    public static async Task<(IBlobStore Blobs, string Name)> OpenAsync(
        GatewayOptions options,
        TaskStore store,
        bool mayBeAway,
        CancellationToken ct
    )
    {
        var blobs = At(options);
        try
        {
            if (blobs is BlobFolder folder)
                folder.Sweep();
            if (!mayBeAway)
                await blobs.CheckAsync(ct);
            var name = store.Setting(Setting) ?? await MarkAsync(blobs, store, ct);
            if (await IsMarkedAsync(blobs, name, mayBeAway, ct))
                return (blobs, name);
            throw new UserException(
                $"{Name(options)} is not where the files of this database lie",
                $"Name that place; or copy all of it, {MarkOf(name)} included."
            );
        }
        catch (Exception fault)
        {
            blobs.Dispose();
            if (fault is IOException)
                throw new UserException(
                    $"{Name(options)} cannot be used: {fault.Message}",
                    "Check that it is up, and who may write there.",
                    fault
                );
            throw;
        }
    }

    private static IBlobStore At(GatewayOptions options) =>
        options.Bucket is { } place
            ? new BlobBucket(place, Path.Combine(options.Data, "incoming"))
            : new BlobFolder(options.Blobs ?? options.Data);

    private static async Task<string> MarkAsync(IBlobStore blobs, TaskStore store, CancellationToken ct)
    {
        var name = Guid.NewGuid().ToString("N")[..8];
        var part = blobs.NewPart();
        await File.WriteAllTextAsync(part, "This folder holds the uploads and results of a gateway.\n", ct);
        await blobs.PutAsync(part, MarkOf(name), ct);
        store.Set(Setting, name);
        return name;
    }

    private static async Task<bool> IsMarkedAsync(IBlobStore blobs, string name, bool mayBeAway, CancellationToken ct)
    {
        try
        {
            return await blobs.HasAsync(MarkOf(name), ct);
        }
        catch (IOException) when (mayBeAway)
        {
            return true;
        }
    }

    private static string Name(GatewayOptions options) =>
        options.Bucket is { } bucket
            ? $"the bucket {bucket.Bucket} at {bucket.Endpoint}"
            : options.Blobs ?? options.Data;

    private static string MarkOf(string name) => $"muster-{name}.txt";
}
