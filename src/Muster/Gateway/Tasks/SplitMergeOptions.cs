using System.Text.Json;
using System.Text.Json.Nodes;

namespace Muster.Gateway.Tasks;

/// <summary>The options with which a task sends parts of itself to a cluster: it is told to send them here.</summary>
public static class SplitMergeOptions
{
    private const string Cluster = "sm-cluster";
    private const string Split = "split";

    /// <param name="sent">The client's list.</param>
    /// <param name="address">Ours, as nodes reach it; null where parts are not accepted.</param>
    public static string? Rewritten(string? sent, Uri? address)
    {
        if (List(sent) is not { } list)
            return sent;
        var cluster = Find(list, Cluster);
        if (address is null)
        {
            if (cluster is null)
                return sent;
            list.Remove(cluster);
        }
        else if (cluster is not null)
            cluster["value"] = address.ToString();
        else if (Find(list, Split) is not null)
            list.Add((JsonNode)new JsonObject { ["name"] = Cluster, ["value"] = address.ToString() });
        else
            return sent;
        return list.ToJsonString();
    }

    /// <summary>Where a task sends its parts; null where it has none.</summary>
    public static Uri? AddressIn(string options) =>
        List(options) is { } list
        && Find(list, Cluster)?["value"] is JsonValue value
        && value.TryGetValue(out string? text)
        && Uri.TryCreate(text, UriKind.Absolute, out var address)
            ? address
            : null;

    public static bool IsParent(string options) => List(options) is { } list && Find(list, Cluster) is not null;

    /// <summary>Whether it may become one that sends parts when it is committed.</summary>
    public static bool MayBeParent(string options) =>
        List(options) is { } list && (Find(list, Cluster) ?? Find(list, Split)) is not null;

    /// <summary>For the node alone: with the token that opens the way back. What clients see has none.</summary>
    public static string WithToken(string options, string token)
    {
        if (List(options) is not { } list || Find(list, Cluster) is not { } cluster)
            return options;
        cluster["value"] = $"{cluster["value"]}?token={token}";
        return list.ToJsonString();
    }

    private static JsonObject? Find(JsonArray list, string name) =>
        list.OfType<JsonObject>()
            .FirstOrDefault(option =>
                option["name"] is JsonValue value && value.TryGetValue(out string? text) && text == name
            );

    private static JsonArray? List(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        try
        {
            return JsonNode.Parse(text) as JsonArray;
        }
        catch (JsonException)
        {
            return null;
        } // it is refused where the options are checked
    }
}
