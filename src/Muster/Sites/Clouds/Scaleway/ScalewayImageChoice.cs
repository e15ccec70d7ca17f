namespace Muster.Sites.Clouds.Scaleway;

/// <summary>An image's id in a zone: each zone has its own for the same image.</summary>
internal static class ScalewayImageChoice
{
    /// <param name="wanted">An id; the marketplace's label; or the name of one of the project's own.</param>
    public static async Task<string> IdAsync(
        ScalewayApi api,
        CloudSettings settings,
        string zone,
        string wanted,
        string type,
        CancellationToken ct
    )
    {
        if (Guid.TryParse(wanted, out _))
            return wanted;
        var label = wanted.Replace('-', '_').ToLowerInvariant();
        var known = false;
        foreach (var kind in (string[])["instance_sbs", "instance_local"])
        {
            var images = await api.ListAsync(
                $"marketplace/v2/local-images?image_label={Uri.EscapeDataString(label)}&zone={zone}&type={kind}"
                    + "&order_by=type_asc",
                ScalewayWire.Default.ScalewayLocalImages,
                page => page.LocalImages,
                image => image.Id,
                ct
            );
            known |= images.Count > 0;
            var fits = images.FirstOrDefault(image =>
                (image.CompatibleCommercialTypes ?? []).Contains(type, StringComparer.OrdinalIgnoreCase)
            );
            if (fits is not null)
                return fits.Id;
        }
        if (known)
            throw api.Fault(CloudFault.NotHere, $"image '{wanted}' does not fit {type} in {zone}");
        var project = settings.Project is { } id ? $"&project={id}" : "";
        var own = await api.ListAsync(
            $"instance/v1/zones/{zone}/images?name={Uri.EscapeDataString(wanted)}{project}",
            ScalewayWire.Default.ScalewayImages,
            page => page.Images,
            image => image.Id,
            ct
        );
        // The filter takes parts of names.
        return own.Where(image => image.Name == wanted && image.State is "available" or null)
                .OrderByDescending(image => image.CreationDate)
                .FirstOrDefault()
                ?.Id
            ?? throw api.Fault(
                CloudFault.BadOrder,
                $"there is no image '{wanted}' in {zone}, neither in the marketplace nor in the project; an image of "
                    + "a project belongs to one zone"
            );
    }
}
