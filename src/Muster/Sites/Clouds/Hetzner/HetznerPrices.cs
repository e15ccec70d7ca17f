using System.Globalization;

namespace Muster.Sites.Clouds.Hetzner;

/// <summary>What the site's types cost, with their address and with tax.</summary>
internal static class HetznerPrices
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public static IReadOnlyList<CloudPrice> Of(
        CloudSettings settings,
        IReadOnlyList<HetznerType> types,
        HetznerPricing? pricing
    )
    {
        var hasAddress = settings.Options.GetValueOrDefault("ipv4", "true") == "true";
        var addresses = hasAddress ? pricing?.PrimaryIps?.FirstOrDefault(ip => ip.Type == "ipv4")?.Prices ?? [] : [];
        return
        [
            .. from size in settings.Machines.DistinctBy(size => size.Type)
            let type = types.FirstOrDefault(type => type.Name == size.Type)
            where type is not null
            from price in type.Prices ?? []
            where settings.Places.Count == 0 || settings.Places.Contains(price.Location)
            let address = addresses.FirstOrDefault(address => address.Location == price.Location)
            let hourly = Amount(price.PriceHourly) + (Amount(address?.PriceHourly) ?? 0)
            where settings.Price is not null || hourly is not null
            select new CloudPrice(
                size.Type,
                price.Location,
                settings.Price ?? hourly!.Value,
                settings.Currency ?? pricing?.Currency ?? "EUR",
                new(Hour, Hour, MonthlyCap: Amount(price.PriceMonthly) + (Amount(address?.PriceMonthly) ?? 0))
            ),
        ];
    }

    private static decimal? Amount(HetznerAmount? amount) =>
        decimal.TryParse(amount?.Gross, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
