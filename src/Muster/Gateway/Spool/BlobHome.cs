using Muster.Faults;
using Muster.Gateway.Tasks;
using Muster.Storage;

namespace Muster.Gateway.Spool;

/// <summary>Opens the place of uploads and results, and makes sure that it is the one of which the database speaks.</summary>
internal static class BlobHome
{
    private const string Setting = "blobs";

    /// <returns>The place, and the name that the database has for it.</returns>
    public static async Task<(IBlobStore Blobs, string Name)> OpenAsync(GatewayOptions options, TaskStore store, CancellationToken ct)
    {
        var blobs = options.Bucket is { } place ? new BlobBucket(place, Path.Combine(options.Data, "incoming")) : (IBlobStore)Swept(new(options.Blobs ?? options.Data));
        try
        {
            await blobs.CheckAsync(ct);
            if (store.Setting(Setting) is null)
            {
                var mine = Guid.NewGuid().ToString("N")[..8];
                var part = blobs.NewPart();
                await File.WriteAllTextAsync(part, "Uploads and results of a gateway lie beside this file.\n", ct);
                await blobs.PutAsync(part, MarkOf(mine), ct);
                store.Set(Setting, mine, onlyWhereMissing: true);
            }
            var name = store.Setting(Setting)!;
            if (await blobs.HasAsync(MarkOf(name), ct)) return (blobs, name);
            var where = options.Bucket is { } bucket ? $"the bucket {bucket.Bucket} at {bucket.Endpoint}" : options.Blobs ?? options.Data;
            throw new UserException($"{where} is not where the files of this database lie", $"Name that place; or copy all of it, {MarkOf(name)} included.");
        }
        catch
        {
            blobs.Dispose();
            throw;
        }
    }

    private static BlobFolder Swept(BlobFolder folder)
    {
        folder.Sweep();
        return folder;
    }

    private static string MarkOf(string name) => $"muster-{name}.txt";
}
