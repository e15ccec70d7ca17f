using System.Globalization;
using System.Text.Json;
using Muster.Configuration;

namespace Muster.Sites.Clouds.DigitalOcean;

/// <summary>What is wrong with a site at DigitalOcean, by at most ten requests.</summary>
internal sealed class OceanCheck(CloudSettings settings, OceanApi api)
{
    private readonly List<CloudFinding> _found = [];

    public async Task<IReadOnlyList<CloudFinding>> RunAsync(CancellationToken ct)
    {
        try
        {
            Account((await api.GetAsync("account", ct)).Account);
            await WritingAsync(ct);
            var regions = await api.ListAsync("regions?", answer => answer.Regions, region => region.Slug, ct);
            var sizes = await api.ListAsync("sizes?", answer => answer.Sizes, size => size.Slug, ct);
            Places(regions);
            Sizes(sizes);
            await ImageAsync(ct);
        }
        catch (CloudException fault)
        {
            _found.Add(new(true, fault.Message, fault.Fix));
        }
        return _found;
    }

    private void Account(OceanAccount? account)
    {
        if (account?.Status is "locked" or "warning")
            _found.Add(
                new(
                    account.Status is "locked",
                    $"the account is in state '{account.Status}': {account.StatusMessage}",
                    "Sign in to DigitalOcean's console."
                )
            );
        if (account?.DropletLimit is { } most && most < settings.Limit)
            _found.Add(
                new(
                    false,
                    $"the account may have {most} droplets, and `limit` is {settings.Limit}",
                    "Ask DigitalOcean for a higher limit, or lower `limit`."
                )
            );
    }

    /// <summary>An order without anything in it cannot succeed, and tells a token that may only read.</summary>
    private async Task WritingAsync(CancellationToken ct)
    {
        try
        {
            using var empty = JsonDocument.Parse("{}");
            await api.PostAsync("droplets", empty.RootElement, OceanWire.Default.JsonElement, CloudHttp.Patience, ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.BadOrder or CloudFault.NotHere or CloudFault.Quota)
        { }
        catch (CloudException fault) when (fault.Fault is CloudFault.NoPermission)
        {
            _found.Add(new(true, $"the token may not make droplets: {fault.Message}", fault.Fix));
        }
    }

    private void Places(IReadOnlyList<OceanRegion> regions)
    {
        var slugs = regions.Select(region => region.Slug).ToList();
        foreach (var place in settings.Places)
        {
            if (regions.FirstOrDefault(region => region.Slug == place) is not { } region)
                _found.Add(
                    new(
                        true,
                        $"there is no region '{place}'{Nearest.DidYouMean(place, slugs)}",
                        $"Regions: {string.Join(", ", slugs)}."
                    )
                );
            else if (!region.Available)
                _found.Add(new(false, $"region {place} takes no new droplets now", "Add another to `places`."));
            else if (!(region.Features ?? []).Contains("metadata"))
                _found.Add(
                    new(
                        true,
                        $"region {place} has no metadata, without which user data are not read",
                        "Choose another."
                    )
                );
        }
    }

    private void Sizes(IReadOnlyList<OceanSize> sizes)
    {
        foreach (var wanted in settings.Machines.Select(machine => machine.Type).Distinct())
        {
            if (sizes.FirstOrDefault(size => size.Slug == wanted) is not { } size)
            {
                var slugs = sizes.Select(one => one.Slug).ToList();
                _found.Add(
                    new(
                        true,
                        $"there is no size '{wanted}'{Nearest.DidYouMean(wanted, slugs)}",
                        $"Sizes: {string.Join(", ", slugs.Order().Take(40))}."
                    )
                );
                continue;
            }
            var here = settings.Places.Intersect(size.Regions ?? []).ToList();
            if (here.Count == 0 || !size.Available)
                _found.Add(
                    new(
                        true,
                        $"size {wanted} is not available in {string.Join(", ", settings.Places)}",
                        $"It is available in: {string.Join(", ", size.Regions ?? [])}."
                    )
                );
        }
    }

    private async Task ImageAsync(CancellationToken ct)
    {
        if (settings.Snapshot)
        {
            var own = await OceanImages.OwnAsync(api, ct);
            var names = own.Select(image => image.Name ?? "").Distinct().ToList();
            var named = own.Where(image => image.Name == settings.Image || Text(image.Id) == settings.Image).ToList();
            if (named.Count == 0)
            {
                _found.Add(
                    new(
                        true,
                        $"the account has no snapshot '{settings.Image}'{Nearest.DidYouMean(settings.Image, names)}",
                        names.Count == 0
                            ? "Make a snapshot, or leave out `snapshot`."
                            : $"Images: {string.Join(", ", names)}."
                    )
                );
                return;
            }
            foreach (var place in settings.Places.Except(named.SelectMany(image => image.Regions ?? [])))
                _found.Add(new(true, $"image '{settings.Image}' is not in {place}", "Transfer it to that region."));
            return;
        }
        if (await api.FindAsync($"images/{Uri.EscapeDataString(settings.Image)}", ct) is null)
            _found.Add(
                new(
                    true,
                    $"there is no image '{settings.Image}'",
                    "Set `image` to a slug such as ubuntu-24-04-x64, or to a snapshot's name with `snapshot: true`."
                )
            );
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
