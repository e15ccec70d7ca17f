namespace Muster.Transfers;

/// <summary>
/// What a shipment still lacks at a site, by what is remembered here. <see cref="SiteStore"/> carries it out.
/// </summary>
/// <param name="Small">Travel in the archive.</param>
/// <param name="Large">Travel alone, each going on at the byte where it stopped.</param>
internal sealed record DeliveryPlan(
    IReadOnlyList<CargoItem> Small,
    IReadOnlyList<CargoItem> Large,
    long BytesThere,
    int Entries
)
{
    public const long LargeFrom = 64 << 20;

    public long BytesWanted { get; } = Small.Sum(item => item.Size) + Large.Sum(item => item.Size);

    /// <summary>Headers shrink to a twentieth; content is taken to be compressed already, as images are.</summary>
    public bool Compress => Entries * (long)TarWriter.Block > Math.Max(Small.Sum(item => item.Size), 256 * 1024);

    public static DeliveryPlan For(Shipment shipment, ContentCache cache, SiteContents site)
    {
        var small = new List<CargoItem>();
        var large = new List<CargoItem>();
        var wanted = new HashSet<StoreName>();
        var there = 0L;
        var entries = 0;
        foreach (var item in shipment.Areas.SelectMany(area => area.Items))
        {
            entries++;
            if (!item.IsFile || item.Size == 0)
                continue;
            if (NameOf(item, cache) is { } name && site.Has(name))
                there += item.Size;
            else if (wanted.Add(new(item.Key, item.Kind == CargoKind.Executable)))
                (item.Size >= LargeFrom ? large : small).Add(item);
        }
        return new(small, large, there, entries);
    }

    public static StoreName? NameOf(CargoItem item, ContentCache cache) =>
        cache.Find(item.Key) is { } known ? new(known.Hash, item.Kind == CargoKind.Executable) : null;
}
