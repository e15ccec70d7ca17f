using System.Text.Json;
using Muster.Faults;

namespace Muster.Gateway.Fleet;

/// <summary>ClusterODM's list of nodes, <c>data/nodes.json</c>, read where it is found.</summary>
public static class NodesFile
{
    public static IReadOnlyList<(Uri Url, string Token, bool Locked)> Read(string path)
    {
        if (!File.Exists(path))
            return [];
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return
            [
                .. from entry in document.RootElement.EnumerateArray()
                // a machine that its autoscaler made and will take away
                where !entry.TryGetProperty("dockerMachine", out _)
                select (
                    UrlOf(entry),
                    Text(entry, "token"),
                    entry.TryGetProperty("locked", out var locked) && locked.ValueKind == JsonValueKind.True
                ),
            ];
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or UriFormatException)
        {
            throw new UserException(
                $"{path} is no list of nodes: {fault.Message}",
                "It holds [{\"hostname\": …, \"port\": …, \"token\": …}, …]; fix it, or move it away.",
                fault
            );
        }
    }

    internal static Uri UrlOf(JsonElement node) =>
        NodeAddress.Find(Text(node, "hostname"), Text(node, "port"))
        ?? throw new UriFormatException($"'{Text(node, "hostname")}' with port '{Text(node, "port")}' is no address");

    internal static string Text(JsonElement entry, string key) =>
        !entry.TryGetProperty(key, out var value) ? ""
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : value.ValueKind == JsonValueKind.Null ? ""
        : value.GetRawText();
}
