using Muster.Faults;
using Muster.Hosts;

namespace Muster.Transfers;

/// <summary>A site's content-addressed store: brings shipments there, sending only what it lacks.</summary>
/// <param name="root">May begin with <c>~/</c>, the home folder on that host.</param>
/// <param name="siteKey">Tells sites apart in <paramref name="cache"/>.</param>
public sealed class SiteStore(IHost host, string root, string siteKey, ContentCache cache)
{
    private readonly SiteContents _site = cache.Site(siteKey);
    private readonly Remote _remote = new(host, root);

    /// <summary>
    /// Lays the run's folder out and runs the shipment's last word there. Repeating it, after whatever fault, ends in
    /// the same state.
    /// </summary>
    public async Task<DeliveryReport> DeliverAsync(
        Shipment shipment,
        IProgress<TransferProgress>? progress,
        CancellationToken ct
    )
    {
        try
        {
            return await TryDeliverAsync(shipment, progress, ct)
                // What we took for granted was not all there. Now it is known what is.
                ?? await TryDeliverAsync(shipment, progress, ct)
                ?? throw new UserException(
                    $"{host.Name}: files vanish from {root}/store",
                    "Wait until nothing prunes that store, then submit again."
                );
        }
        finally
        {
            cache.Save();
            _site.Save();
        }
    }

    /// <summary>
    /// Brings one file into the store and nowhere else; what is there already is not sent. Whoever needs it there links
    /// it.
    /// </summary>
    public async Task<StoreName> BringAsync(CargoItem item, IProgress<TransferProgress>? progress, CancellationToken ct)
    {
        try
        {
            if (
                DeliveryPlan.NameOf(item, cache) is not { } known
                || (await host.RunAsync(_remote.Script("which.sh"), $"{known}", ct)) is not { ExitCode: 0, Output: "" }
            )
            {
                await new LargeFile(_remote, "images", item).SendAsync(cache, _site, new(progress, 1, item.Size), ct);
            }
            return DeliveryPlan.NameOf(item, cache)!.Value;
        }
        finally
        {
            cache.Save();
            _site.Save();
        }
    }

    /// <summary>Nothing when content that the site was thought to have is missing there.</summary>
    private async Task<DeliveryReport?> TryDeliverAsync(
        Shipment shipment,
        IProgress<TransferProgress>? progress,
        CancellationToken ct
    )
    {
        var plan = DeliveryPlan.For(shipment, cache, _site);
        var meter = new TransferMeter(progress, plan.Small.Count + plan.Large.Count, plan.BytesWanted);
        // Its shell starts over there while the large files are on their way.
        await using var early = await Layout.OpenAsync(_remote, shipment, plan.BytesWanted, ct);
        if (plan.BytesWanted > 0)
            await early.CheckRoomAsync(plan.BytesWanted, ct);
        var isWanted = await SendLargeAsync(plan, shipment.Run, meter, ct);
        var bytesThere = plan.BytesThere;

        // What has become of the run meanwhile is told only to who asks anew.
        await using var layout = isWanted ? early : await Layout.OpenAsync(_remote, shipment, 0, ct);
        if (await layout.BeginAsync(_site, ct))
        {
            // An earlier attempt may have left much in the store.
            var large = plan.Large.Sum(item => item.Size);
            plan = DeliveryPlan.For(shipment, cache, _site);
            bytesThere = plan.BytesThere - large;
            if (await layout.SendAsync(plan, cache, _site, meter, ct) is { } fault)
                return await ForgetMissingAsync(shipment, ct) ? null : throw fault;
        }
        var (end, output) = await layout.EndAsync(ct);
        return new(meter.Files, meter.Bytes, bytesThere, meter.Changed, end.ExitCode, output, end.Said);
    }

    private async Task<bool> SendLargeAsync(DeliveryPlan plan, string run, TransferMeter meter, CancellationToken ct)
    {
        foreach (var item in plan.Large)
        {
            if (!await new LargeFile(_remote, run, item).SendAsync(cache, _site, meter, ct))
                return false;
        }
        return true;
    }

    /// <summary>
    /// Asks the site which of the files that the shipment needs it has, and answers whether some are gone.
    /// </summary>
    private async Task<bool> ForgetMissingAsync(Shipment shipment, CancellationToken ct)
    {
        var believed = shipment
            .Areas.SelectMany(area => area.Items)
            .Where(item => item.IsFile && item.Size > 0)
            .Select(item => DeliveryPlan.NameOf(item, cache))
            .OfType<StoreName>()
            .Where(_site.Has)
            .Distinct();
        var answer = await host.RunAsync(_remote.Script("which.sh"), string.Join('\n', believed), ct);
        if (answer.ExitCode != 0)
            throw _remote.Fault(answer.Said);
        var gone = answer
            .Output.Split('\n')
            .Select(line => StoreName.TryParse(line, out var name) ? name : default)
            .Where(name => name != default)
            .ToList();
        if (gone.Count > 0)
            _site.Forget(gone);
        return gone.Count > 0;
    }
}
