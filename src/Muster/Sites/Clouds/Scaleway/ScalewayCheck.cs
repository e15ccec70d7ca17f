using System.Text.Json;
using Muster.Configuration;

namespace Muster.Sites.Clouds.Scaleway;

/// <summary>What is wrong with a site at Scaleway, by at most ten requests.</summary>
internal sealed class ScalewayCheck(CloudSettings settings, ScalewayApi api)
{
    /// <summary>What there is today. One that is not among them may be new.</summary>
    private static readonly string[] Zones =
    [
        "fr-par-1",
        "fr-par-2",
        "fr-par-3",
        "nl-ams-1",
        "nl-ams-2",
        "nl-ams-3",
        "pl-waw-1",
        "pl-waw-2",
        "pl-waw-3",
        "it-mil-1",
    ];

    /// <summary>Each takes up to four requests, and the first one more.</summary>
    private const int MostZones = 2;
    private readonly List<CloudFinding> _found = [];

    public async Task<IReadOnlyList<CloudFinding>> RunAsync(CancellationToken ct)
    {
        var places = settings.Places.DistinctBy(ScalewayZone.Of).ToList();
        foreach (var place in places.Where(place => !Zones.Contains(ScalewayZone.Of(place))))
        {
            _found.Add(
                new(
                    false,
                    $"'{place}' is not among the zones that Muster knows{Nearest.DidYouMean(place, Zones)}",
                    $"Known zones: {string.Join(", ", Zones)}. A newer one can be used all the same."
                )
            );
        }
        if (settings.Project is null)
            _found.Add(
                new(
                    false,
                    "the site names no project, so that machines go to the default project of the key",
                    "Set `project` to the id of a project that holds nothing else."
                )
            );
        try
        {
            if (places.Count > 0)
                await WritingAsync(ScalewayZone.Of(places[0]), ct);
            foreach (var place in places.Take(MostZones))
                await ZoneAsync(ScalewayZone.Of(place), ct);
        }
        catch (CloudException fault)
        {
            _found.Add(new(true, fault.Message, fault.Fix));
        }
        if (places.Count > MostZones)
            _found.Add(
                new(
                    false,
                    $"{string.Join(", ", places.Skip(MostZones))} were not looked at, as a check makes few requests",
                    "Move a zone to the front of `places` to have it checked."
                )
            );
        return _found;
    }

    /// <summary>An order without anything in it cannot succeed, and tells a key that may only read.</summary>
    private async Task WritingAsync(string zone, CancellationToken ct)
    {
        try
        {
            using var empty = JsonDocument.Parse("{}");
            await api.PostAsync(
                $"instance/v1/zones/{zone}/servers",
                empty.RootElement,
                ScalewayWire.Default.JsonElement,
                CloudHttp.Patience,
                ct
            );
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.BadOrder or CloudFault.NotHere) { }
        catch (CloudException fault) when (fault.Fault is CloudFault.NoPermission)
        {
            _found.Add(new(true, $"the key may not make machines: {fault.Message}", fault.Fix));
        }
    }

    private async Task ZoneAsync(string zone, CancellationToken ct)
    {
        var types = await ScalewayCloud.TypesAsync(api, zone, ct);
        var stock =
            (
                await api.GetAsync(
                    $"instance/v1/zones/{zone}/products/servers/availability?per_page=100",
                    ScalewayWire.Default.ScalewayStock,
                    ct
                )
            ).Servers
            ?? new Dictionary<string, ScalewayAvailability>();
        foreach (var wanted in settings.Machines.Select(size => size.Type).Distinct())
        {
            var name = wanted.ToUpperInvariant();
            if (types.GetValueOrDefault(name) is null)
            {
                _found.Add(
                    new(
                        true,
                        $"{zone} offers no type '{wanted}'{Nearest.DidYouMean(name, types.Keys)}",
                        $"Types there: {string.Join(", ", types.Keys.Order().Take(30))}."
                    )
                );
                continue;
            }
            if (stock.GetValueOrDefault(name)?.Availability is "shortage")
                _found.Add(new(false, $"{wanted} is out of stock in {zone} now", "Add more zones to `places`."));
        }
        var first = settings.Machines[0].Type;
        if (!types.ContainsKey(first.ToUpperInvariant()))
            return;
        try
        {
            await ScalewayImageChoice.IdAsync(api, settings, zone, settings.Image, first, ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.BadOrder or CloudFault.NotHere)
        {
            _found.Add(new(true, fault.Message, fault.Fix));
        }
    }
}
