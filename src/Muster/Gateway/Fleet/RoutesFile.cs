using System.Text.Json;
using Muster.Faults;

namespace Muster.Gateway.Fleet;

/// <summary>
/// ClusterODM's table of tasks on nodes, <c>data/routes.json</c>: tasks that its clients still ask for.
/// </summary>
public static class RoutesFile
{
    public static IReadOnlyList<(Guid Task, Uri Node, string Token, DateTimeOffset Accessed)> Read(string path)
    {
        if (!File.Exists(path))
            return [];
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return
            [
                .. from route in document.RootElement.EnumerateObject()
                where Guid.TryParse(route.Name, out _)
                let node = route.Value.GetProperty("node")
                select (
                    Guid.Parse(route.Name),
                    NodesFile.UrlOf(node),
                    NodesFile.Text(route.Value, "token"),
                    Accessed(route.Value)
                ),
            ];
        }
        catch (Exception fault)
            when (fault is JsonException or InvalidOperationException or KeyNotFoundException or UriFormatException)
        {
            throw new UserException(
                $"{path} is no table of routes: {fault.Message}",
                "It holds {\"uuid\": {\"node\": {\"hostname\": …, \"port\": …}}, …}; fix it, or move it away.",
                fault
            );
        }
    }

    private static DateTimeOffset Accessed(JsonElement route) =>
        route.TryGetProperty("accessed", out var time) && time.ValueKind == JsonValueKind.Number
            ? DateTimeOffset.FromUnixTimeMilliseconds((long)time.GetDouble())
            : DateTimeOffset.UnixEpoch;
}
