using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Muster.Clouds.Hetzner;

/// <summary>Things as they are written in answers.</summary>
public sealed partial class HetznerProvider
{
    /// <summary>At most 50 a page, 25 unless asked.</summary>
    private Answer Page<T>(HttpRequest request, string name, IEnumerable<T> all)
    {
        var size = Math.Min(50, Number("per_page", 25));
        var page = Number("page", 1);
        var entries = all.ToList();
        var last = Math.Max(1, (entries.Count + size - 1) / size);
        var shown = entries.Skip((page - 1) * size).Take(size).ToList();
        if (_world.Faults.Draw($"page {name}") is not null && shown.Count > 0)
            shown.RemoveAt(0);
        return Ok(
            new Dictionary<string, object?>
            {
                [name] = shown,
                ["meta"] = new
                {
                    pagination = new
                    {
                        page,
                        per_page = size,
                        previous_page = page > 1 ? page - 1 : (int?)null,
                        next_page = page < last ? page + 1 : (int?)null,
                        last_page = last,
                        total_entries = entries.Count,
                    },
                },
            }
        );

        int Number(string key, int usual) =>
            int.TryParse(request.Query[key], CultureInfo.InvariantCulture, out var value) && value > 0 ? value : usual;
    }

    private static object View(HetznerMachine server) =>
        new
        {
            id = server.Number,
            name = server.Name,
            status = server.State,
            created = server.Created,
            public_net = new
            {
                ipv4 = server.Addresses.Find(ip => ip.IsFour) is { } four
                    ? new
                    {
                        id = four.Id,
                        ip = four.Ip,
                        blocked = false,
                    }
                    : null,
                ipv6 = server.Addresses.Find(ip => !ip.IsFour) is { } six
                    ? new
                    {
                        id = six.Id,
                        ip = six.Ip,
                        blocked = false,
                    }
                    : null,
            },
            private_net = server.Networks.Select(net => new
            {
                network = net.Network,
                ip = net.Ip,
                mac_address = "86:00:ff:2a:7d:e1",
            }),
            server_type = new { id = 1, name = server.Type },
            location = new { id = 1, name = server.Place },
            image = new { id = 1 },
            labels = server.Labels,
            volumes = Array.Empty<long>(),
            locked = false,
            protection = new { delete = server.IsProtected, rebuild = server.IsProtected },
        };

    private static object View(HetznerWork work) =>
        new
        {
            id = work.Id,
            command = work.Command,
            status = work.Status,
            progress = work.Status == "running" ? 50 : 100,
            error = work.Status == "error" ? new { code = work.Error, message = "error during placement" } : null,
            resources = new[] { new { id = work.Server, type = "server" } },
        };

    private static object View(HetznerKeyEntry key) =>
        new
        {
            id = key.Id,
            name = key.Name,
            fingerprint = key.Fingerprint,
            public_key = key.PublicKey,
            labels = key.Labels,
        };

    private static object View(HetznerImageEntry image) =>
        new
        {
            id = image.Id,
            name = image.Name,
            description = image.Description,
            architecture = image.Architecture,
            status = "available",
            type = image.Name is null ? "snapshot" : "system",
            created = image.Created,
        };

    private static object View(HetznerIp ip) =>
        new
        {
            id = ip.Id,
            name = $"primary_ip-{ip.Id}",
            ip = ip.Ip,
            type = ip.IsFour ? "ipv4" : "ipv6",
            assignee_id = ip.Assignee,
            auto_delete = true,
        };

    private object View(HetznerTypeEntry type, int index) =>
        new
        {
            id = index + 1,
            name = type.Name,
            architecture = type.Architecture,
            prices = type.Locations.Select(place => Price(place, type.Hourly)),
            locations = type.Locations.Select(place => new
            {
                id = 1,
                name = place,
                available = !SoldOut.Contains((type.Name, place)),
                recommended = true,
            }),
        };

    private static object Pricing() =>
        new
        {
            currency = Currency,
            vat_rate = "19.00",
            primary_ips = new[] { new { type = "ipv4", prices = Places.Select(place => Price(place, Ipv4Hourly)) } },
        };

    private static object Price(string place, decimal gross) =>
        new
        {
            location = place,
            price_hourly = Amount(gross),
            price_monthly = Amount(gross * 600),
        };

    private static object Amount(decimal gross) =>
        new
        {
            net = (gross / 1.19m).ToString("0.0000000000", CultureInfo.InvariantCulture),
            gross = gross.ToString("0.0000000000", CultureInfo.InvariantCulture),
        };
}
