using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Amazon.Runtime;

namespace Muster.Sites.Clouds.Aws;

/// <summary>
/// What instances, disks and addresses cost: the price list for those on demand, EC2 itself for spot instances. No
/// package of the SDK for the price list fits beside that of EC2, so its one request is signed here.
/// </summary>
internal sealed class AwsPrices(
    AwsSettings settings,
    AwsClients clients,
    AwsFaults faults,
    Redactor redactor,
    TimeProvider clock
) : IDisposable
{
    private const decimal HoursOfMonth = 730;

    /// <summary>Any of the three places of the price list knows the prices of all regions.</summary>
    private const string Region = "us-east-1";
    private static readonly Uri Address = new("https://api.pricing.us-east-1.amazonaws.com/");

    /// <summary>Seconds, at least sixty of them at each start of a machine with Linux.</summary>
    private static readonly BillingUnit Unit = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));

    private readonly ConcurrentDictionary<(string Type, string Region), CloudPrice> _onDemand = [];
    private readonly HttpClient _http = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            UseProxy = settings.Endpoint?.IsLoopback is not true,
        }
    )
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = 32 << 20,
    };

    /// <summary>How far this machine's clock is behind AWS's, as the last answer told.</summary>
    public TimeSpan? ClockDifference { get; private set; }

    /// <summary>As it was last read; null when it never was.</summary>
    public CloudPrice? OnDemand(string type, string place) =>
        _onDemand.GetValueOrDefault((type, AwsPlace.Get(place).Region)) is { } price
            ? price with
            {
                Place = place,
            }
            : null;

    public async Task<IReadOnlyList<CloudPrice>> AllAsync(CancellationToken ct)
    {
        if (settings.Price is { } own)
            return
            [
                .. from place in settings.Places
                from type in settings.Types
                select new CloudPrice(type, place, own, settings.Currency ?? "USD", Unit),
            ];
        var prices = new List<CloudPrice>();
        foreach (var region in settings.Places.Select(place => AwsPlace.Get(place).Region).Distinct())
        {
            var beside = await BesideAsync(region, ct);
            foreach (var type in settings.Types)
            {
                if (await OnDemandAsync(type, region, ct) is var (perHour, currency))
                    _onDemand[(type, region)] = new(type, region, perHour + beside, currency, Unit);
            }
            var spot = settings.Spot ? await SpotAsync(region, ct) : [];
            foreach (var place in settings.Places.Where(place => AwsPlace.Get(place).Region == region))
                prices.AddRange(settings.Types.Select(type => Price(type, place, spot, beside)).OfType<CloudPrice>());
        }
        return prices;
    }

    private CloudPrice? Price(
        string type,
        string place,
        IReadOnlyList<(string Type, string Zone, decimal PerHour)> spot,
        decimal beside
    )
    {
        if (!settings.Spot)
            return OnDemand(type, place);
        // A region's machines may start in any zone of it, so that the dearest counts.
        var zone = AwsPlace.Get(place).Zone;
        var here = spot.Where(price => price.Type == type && (zone is null || price.Zone == zone)).ToList();
        return here.Count > 0
            ? new(type, place, here.Max(price => price.PerHour) + beside, "USD", Unit)
            : OnDemand(type, place);
    }

    /// <summary>Now, in each zone of a region.</summary>
    public async Task<IReadOnlyList<(string Type, string Zone, decimal PerHour)>> SpotAsync(
        string region,
        CancellationToken ct
    )
    {
        try
        {
            var answer = await clients
                .Reading(region)
                .DescribeSpotPriceHistoryAsync(
                    new()
                    {
                        InstanceTypes = [.. settings.Types],
                        ProductDescriptions = ["Linux/UNIX"],
                        StartTime = clock.GetUtcNow().UtcDateTime,
                    },
                    ct
                );
            return
            [
                .. (answer.SpotPriceHistory ?? [])
                    .GroupBy(price => (Type: price.InstanceType?.Value ?? "", Zone: price.AvailabilityZone ?? ""))
                    .Select(group =>
                        (
                            group.Key.Type,
                            group.Key.Zone,
                            Number(group.OrderByDescending(price => price.Timestamp).First().Price) ?? 0
                        )
                    ),
            ];
        }
        catch (Exception fault) when (AwsFaults.IsOfService(fault) && !ct.IsCancellationRequested)
        {
            throw faults.Of(fault, "DescribeSpotPriceHistory");
        }
    }

    public async Task<(decimal PerHour, string Currency)?> OnDemandAsync(
        string type,
        string region,
        CancellationToken ct
    ) =>
        await AskAsync(
            "AmazonEC2",
            [
                ("instanceType", type),
                ("regionCode", region),
                ("operatingSystem", "Linux"),
                ("preInstalledSw", "NA"),
                ("capacitystatus", "Used"),
                ("tenancy", "Shared"),
                ("marketoption", "OnDemand"),
            ],
            ct
        );

    /// <summary>An hour of the disk and of the public address.</summary>
    private async Task<decimal> BesideAsync(string region, CancellationToken ct)
    {
        var sum = 0m;
        if (settings.DiskGb is { } gigabytes)
        {
            var perMonth = await AskAsync(
                "AmazonEC2",
                [("productFamily", "Storage"), ("volumeApiName", settings.VolumeType), ("regionCode", region)],
                ct
            );
            sum += (perMonth?.PerHour ?? 0) * gigabytes / HoursOfMonth;
        }
        if (settings.PublicAddress)
        {
            var address = await AskAsync(
                "AmazonVPC",
                [
                    ("group", "VPCPublicIPv4Address"),
                    ("groupDescription", "Hourly charge for In-use Public IPv4 Addresses"),
                    ("regionCode", region),
                ],
                ct
            );
            sum += address?.PerHour ?? 0;
        }
        return sum;
    }

    /// <summary>The dearest price of what fits; null when nothing does.</summary>
    private async Task<(decimal PerHour, string Currency)?> AskAsync(
        string service,
        IReadOnlyList<(string Field, string Value)> filters,
        CancellationToken ct
    )
    {
        (decimal PerHour, string Currency)? dearest = null;
        string? next = null;
        do
        {
            using var page = await PageAsync(service, filters, next, ct);
            foreach (var text in Items(page.RootElement, "PriceList"))
            {
                // Each product is a document of its own, in a text of this one.
                using var product = JsonDocument.Parse(text.GetString() ?? "{}");
                foreach (var price in Prices(product.RootElement))
                    dearest = dearest is { } one && one.PerHour >= price.PerHour ? one : price;
            }
            next =
                page.RootElement.TryGetProperty("NextToken", out var token) && token.GetString() is { Length: > 0 } more
                    ? more
                    : null;
        } while (next is not null);
        return dearest;
    }

    private static List<JsonElement> Items(JsonElement json, string key) =>
        json.ValueKind is JsonValueKind.Object
        && json.TryGetProperty(key, out var list)
        && list.ValueKind is JsonValueKind.Array
            ? [.. list.EnumerateArray()]
            : [];

    private static IEnumerable<JsonElement> Values(JsonElement json, string key) =>
        json.ValueKind is JsonValueKind.Object
        && json.TryGetProperty(key, out var map)
        && map.ValueKind is JsonValueKind.Object
            ? map.EnumerateObject().Select(entry => entry.Value)
            : [];

    private static IEnumerable<(decimal PerHour, string Currency)> Prices(JsonElement product)
    {
        if (!product.TryGetProperty("terms", out var terms))
            yield break;
        foreach (var dimension in Values(terms, "OnDemand").SelectMany(offer => Values(offer, "priceDimensions")))
        {
            foreach (var entry in dimension.GetProperty("pricePerUnit").EnumerateObject())
            {
                if (Number(entry.Value.GetString()) is { } price)
                    yield return (price, entry.Name);
            }
        }
    }

    private static decimal? Number(string? text) =>
        decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private async Task<JsonDocument> PageAsync(
        string service,
        IReadOnlyList<(string Field, string Value)> filters,
        string? next,
        CancellationToken ct
    )
    {
        var body = Body(service, filters, next);
        ImmutableCredentials keys;
        try
        {
            keys = await clients.KeysAsync(ct);
        }
        catch (Exception fault) when (AwsFaults.IsOfService(fault) && !ct.IsCancellationRequested)
        {
            throw faults.Of(fault, "GetProducts");
        }
        using var limit = new CancellationTokenSource(CloudHttp.Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, settings.Endpoint ?? Address)
        {
            Content = new ByteArrayContent(body)
            {
                Headers = { ContentType = new MediaTypeHeaderValue(AwsSignature.ContentType) },
            },
        };
        AwsSignature.Sign(request, body, keys, Region, clock.GetUtcNow());
        try
        {
            using var response = await _http.SendAsync(request, either.Token);
            if (response.Headers.Date is { } theirs)
                ClockDifference = theirs - clock.GetUtcNow();
            var answer = await response.Content.ReadAsByteArrayAsync(either.Token);
            return response.IsSuccessStatusCode ? JsonDocument.Parse(answer) : throw Refused(response, answer);
        }
        catch (JsonException fault)
        {
            throw new CloudException(
                CloudFault.Upstream,
                "AWS's price list answered with text that is not JSON",
                "Set `price` of the site, or try again later.",
                inner: fault
            );
        }
        catch (Exception fault) when (AwsFaults.IsOfService(fault) && !ct.IsCancellationRequested)
        {
            throw faults.Of(fault, "GetProducts");
        }
    }

    /// <summary>
    /// Codes are as those of EC2, in another form: <c>{"__type":"…#AccessDeniedException","message":"…"}</c>.
    /// </summary>
    private CloudException Refused(HttpResponseMessage response, byte[] answer)
    {
        string? code = null,
            message = null;
        try
        {
            using var json = JsonDocument.Parse(answer);
            foreach (var entry in json.RootElement.EnumerateObject())
            {
                if (entry.Name is "__type")
                    code = entry.Value.GetString()?.Split('#')[^1];
                else if (entry.Name.Equals("message", StringComparison.OrdinalIgnoreCase))
                    message = entry.Value.GetString();
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            message = $"HTTP {(int)response.StatusCode}";
        }
        var kind = code switch
        {
            "AccessDeniedException" => CloudFault.NoPermission,
            "InvalidSignatureException" or "UnrecognizedClientException" or "ExpiredTokenException" =>
                CloudFault.BadCredentials,
            _ => AwsFaults.FaultOf(code, response.StatusCode, message ?? ""),
        };
        return new(
            kind,
            redactor.Clean(
                $"AWS's price list refused GetProducts ({code ?? response.StatusCode.ToString()}): {message}"
            ),
            kind is CloudFault.NoPermission
                ? "Allow pricing:GetProducts for these credentials, or set `price` of the site."
                : "Set `price` of the site, or check the keys.",
            code,
            response.Headers.TryGetValues("x-amzn-RequestId", out var ids) ? ids.First() : null
        );
    }

    private static byte[] Body(string service, IReadOnlyList<(string Field, string Value)> filters, string? next)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("ServiceCode", service);
            json.WriteString("FormatVersion", "aws_v1");
            json.WriteNumber("MaxResults", 100);
            json.WriteStartArray("Filters");
            foreach (var (field, value) in filters)
            {
                json.WriteStartObject();
                json.WriteString("Type", "TERM_MATCH");
                json.WriteString("Field", field);
                json.WriteString("Value", value);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (next is not null)
                json.WriteString("NextToken", next);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    public void Dispose() => _http.Dispose();
}
