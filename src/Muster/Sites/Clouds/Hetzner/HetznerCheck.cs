using System.Security.Cryptography;
using System.Text.Json;
using Muster.Configuration;

namespace Muster.Sites.Clouds.Hetzner;

/// <summary>What is wrong with a site at Hetzner, by at most ten requests.</summary>
internal sealed class HetznerCheck(CloudSettings settings, HetznerApi api)
{
    private readonly List<CloudFinding> _found = [];

    public async Task<IReadOnlyList<CloudFinding>> RunAsync(CancellationToken ct)
    {
        try
        {
            var locations = (await api.GetAsync("locations?per_page=50", ct)).Locations ?? [];
            if (api.ClockAhead.Duration() > TimeSpan.FromMinutes(1))
                _found.Add(
                    new(
                        false,
                        $"this machine's clock is {api.ClockAhead.TotalMinutes:0} min ahead of the provider's",
                        "Set the clock: machines end at a moment that is told to them."
                    )
                );
            await WritingAsync(ct);
            var types = await api.ListAsync(
                "server_types?sort=id:asc",
                answer => answer.ServerTypes,
                type => type.Name,
                ct
            );
            Places([.. locations.Select(location => location.Name ?? "")], types);
            await ImageAsync(types, ct);
            await NamesAsync(
                "ssh_keys",
                "ssh-keys",
                settings.SshKeys.Where(key => !key.Contains(':')),
                a => a.SshKeys,
                ct
            );
            await NamesAsync("networks", "networks", settings.Networks, answer => answer.Networks, ct);
            await NamesAsync("firewalls", "firewalls", settings.Firewalls, answer => answer.Firewalls, ct);
        }
        catch (CloudException fault)
        {
            _found.Add(new(true, fault.Message, fault.Fix));
        }
        return _found;
    }

    /// <summary>An order without anything in it cannot succeed, and tells a token that may only read.</summary>
    private async Task WritingAsync(CancellationToken ct)
    {
        try
        {
            using var empty = JsonDocument.Parse("{}");
            await api.PostAsync("servers", empty.RootElement, HetznerWire.Default.JsonElement, CloudHttp.Patience, ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.BadOrder) { }
        catch (CloudException fault) when (fault.Fault is CloudFault.NoPermission)
        {
            _found.Add(new(true, $"the token may not make machines: {fault.Message}", fault.Fix));
        }
    }

    private void Places(IReadOnlyList<string> known, IReadOnlyList<HetznerType> types)
    {
        foreach (var place in settings.Places.Except(known))
        {
            _found.Add(
                new(
                    true,
                    $"there is no location '{place}'{Nearest.DidYouMean(place, known)}",
                    $"Locations: {string.Join(", ", known)}."
                )
            );
        }
        foreach (var size in settings.Machines.DistinctBy(size => size.Type))
        {
            if (types.FirstOrDefault(type => type.Name == size.Type) is not { } type)
            {
                var names = types.Select(one => one.Name).ToList();
                _found.Add(
                    new(
                        true,
                        $"there is no server type '{size.Type}'{Nearest.DidYouMean(size.Type, names)}",
                        $"Types: {string.Join(", ", names)}."
                    )
                );
                continue;
            }
            var offered = (type.Locations ?? []).Select(location => location.Name).ToList();
            var here = settings.Places.Count == 0 ? offered : [.. settings.Places.Intersect(offered)];
            if (here.Count == 0)
            {
                _found.Add(
                    new(
                        true,
                        $"{size.Type} is not offered in {string.Join(", ", settings.Places)}",
                        $"It is offered in: {string.Join(", ", offered)}. Add one to `places`."
                    )
                );
            }
            else if (
                !(type.Locations ?? []).Any(location => here.Contains(location.Name) && location.Available is not false)
            )
            {
                _found.Add(
                    new(
                        false,
                        $"{size.Type} is out of stock in {string.Join(", ", here)} now",
                        "Add more locations to `places`; stock changes by the minute."
                    )
                );
            }
        }
    }

    private async Task ImageAsync(IReadOnlyList<HetznerType> types, CancellationToken ct)
    {
        if (settings.Image.All(char.IsAsciiDigit))
        {
            if (await api.FindAsync($"images/{settings.Image}", false, ct) is null)
                _found.Add(new(true, $"there is no image {settings.Image}", "Set `image` to one that exists."));
            return;
        }
        var kind = settings.Snapshot ? "snapshot" : "system";
        var images = await api.ListAsync(
            $"images?type={kind}&status=available",
            answer => answer.Images,
            image => image.Id,
            ct
        );
        var names = images
            .Select(image => (settings.Snapshot ? image.Description : image.Name) ?? "")
            .Distinct()
            .ToList();
        if (!names.Contains(settings.Image))
        {
            _found.Add(
                new(
                    true,
                    $"there is no {kind} image '{settings.Image}'{Nearest.DidYouMean(settings.Image, names)}",
                    names.Count == 0
                        ? "Make a snapshot, or leave out `snapshot`."
                        : $"Images: {string.Join(", ", names)}."
                )
            );
            return;
        }
        foreach (var size in settings.Machines.DistinctBy(size => size.Type))
        {
            var wanted = types.FirstOrDefault(type => type.Name == size.Type)?.Architecture;
            var fits = images.Any(image =>
                (settings.Snapshot ? image.Description : image.Name) == settings.Image
                && (wanted is null || image.Architecture == wanted)
            );
            if (!fits)
                _found.Add(
                    new(
                        true,
                        $"image '{settings.Image}' is not there for {wanted}, which {size.Type} is",
                        "Choose an image or a type of the other architecture."
                    )
                );
        }
    }

    private async Task NamesAsync(
        string what,
        string key,
        IEnumerable<string> wanted,
        Func<HetznerAnswer, IReadOnlyList<HetznerNamed>?> select,
        CancellationToken ct
    )
    {
        var asked = wanted.ToList();
        if (asked.Count == 0)
            return;
        var known = await api.ListAsync($"{what}?sort=id:asc", select, one => one.Id, ct);
        var names = known.Select(one => one.Name).OfType<string>().ToList();
        foreach (var name in asked.Where(name => !known.Any(one => one.Name == name || $"{one.Id}" == name)))
        {
            _found.Add(
                new(
                    true,
                    $"`{key}` names '{name}', which the project does not have{Nearest.DidYouMean(name, names)}",
                    names.Count == 0 ? "The project has none." : $"The project has: {string.Join(", ", names)}."
                )
            );
        }
    }

    /// <summary>The newest snapshot of this description that the type can start.</summary>
    public static HetznerImage? Snapshot(IEnumerable<HetznerImage> images, string description, string? architecture) =>
        images
            .Where(image => image.Description == description)
            .Where(image => architecture is null || image.Architecture is null || image.Architecture == architecture)
            .MaxBy(image => image.Created);

    /// <summary>Of a line such as <c>ssh-ed25519 AAAA… name</c>, in the form that the API searches by.</summary>
    public static string Fingerprint(string publicKey)
    {
        var blob = Convert.FromBase64String(publicKey.Split(' ')[1]);
#pragma warning disable CA5351 // a name that the provider gives keys, and no protection
        return string.Join(':', MD5.HashData(blob).Select(one => $"{one:x2}"));
#pragma warning restore CA5351
    }
}
