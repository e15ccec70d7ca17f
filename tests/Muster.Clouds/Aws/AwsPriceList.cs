using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Muster.Clouds.Aws;

/// <summary>GetProducts of the price list: each product is a document in a text.</summary>
internal static class AwsPriceList
{
    public static string Answer(string body, Dictionary<string, AwsRegion> regions)
    {
        var request = JsonNode.Parse(body)!;
        var fields = request["Filters"]!
            .AsArray()
            .ToDictionary(
                filter => filter!["Field"]!.GetValue<string>(),
                filter => filter!["Value"]!.GetValue<string>()
            );
        var prices = new List<decimal>();
        if (regions.TryGetValue(fields["regionCode"], out var region))
        {
            if (fields.TryGetValue("instanceType", out var type))
            {
                if (region.Prices.TryGetValue(type, out var price))
                    prices.Add(price);
            }
            else if (fields.ContainsKey("volumeApiName"))
            {
                prices.Add(0.073m);
            }
            else
            {
                prices.Add(0.005m);
            }
        }
        var page = request["NextToken"] is null ? 0 : 1;
        // The first page is empty but for a word that there is another.
        return new JsonObject
        {
            ["FormatVersion"] = "aws_v1",
            ["NextToken"] = page == 0 ? "2" : null,
            ["PriceList"] = new JsonArray([.. page == 0 ? [] : prices.Select(price => (JsonNode)Product(price))]),
        }.ToJsonString();
    }

    private static string Product(decimal price) =>
        "{\"product\":{},\"terms\":{\"OnDemand\":{\"A.B\":{\"priceDimensions\":{\"A.B.C\":{\"unit\":\"Hrs\","
        + $"\"pricePerUnit\":{{\"USD\":{JsonSerializer.Serialize(price.ToString("0.0000000000", CultureInfo.InvariantCulture))}}}"
        + "}}}}}}";
}
