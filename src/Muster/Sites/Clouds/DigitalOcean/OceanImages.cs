using System.Globalization;
using System.Text.Json;

namespace Muster.Sites.Clouds.DigitalOcean;

/// <summary>An image as the API wants it: a slug as a text, a snapshot's id as a number.</summary>
internal static class OceanImages
{
    public static async Task<JsonElement> OfAsync(
        OceanApi api,
        CloudSettings settings,
        string wanted,
        string place,
        CancellationToken ct
    )
    {
        if (long.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            return JsonSerializer.SerializeToElement(id, OceanWire.Default.Int64);
        if (!settings.Snapshot)
            return JsonSerializer.SerializeToElement(wanted, OceanWire.Default.String);
        var named = (await OwnAsync(api, ct))
            .Where(image => image.Name == wanted && image.Status is "available" or null)
            .ToList();
        var here = named
            .Where(image => (image.Regions ?? []).Contains(place))
            .OrderByDescending(image => image.CreatedAt)
            .FirstOrDefault();
        if (here is not null)
            return JsonSerializer.SerializeToElement(here.Id, OceanWire.Default.Int64);
        var regions = string.Join(", ", named.SelectMany(image => image.Regions ?? []).Distinct().Order());
        throw named.Count == 0
            ? api.Fault(CloudFault.BadOrder, $"the account has no snapshot or image named '{wanted}'")
            : api.Fault(CloudFault.NotHere, $"image '{wanted}' is not in {place}, but in {regions}");
    }

    public static Task<IReadOnlyList<OceanImage>> OwnAsync(OceanApi api, CancellationToken ct) =>
        api.ListAsync("images?private=true", answer => answer.Images, image => image.Id, ct);
}
