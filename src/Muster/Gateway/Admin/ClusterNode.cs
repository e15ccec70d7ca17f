using System.Globalization;
using System.Text.Json;
using Muster.Gateway.Model;

namespace Muster.Gateway.Admin;

/// <summary>
/// A node as ClusterODM shows it to operators, with its members in that order and ours behind them. That it has a token
/// is said, the token is not.
/// </summary>
internal static class ClusterNode
{
    public static void Write(Utf8JsonWriter json, GatewayNode node)
    {
        json.WriteStartObject();
        json.WriteString("hostname", node.Url.Host);
        json.WriteString("port", node.Url.Port.ToString(CultureInfo.InvariantCulture));
        json.WriteString("token", node.Token.Length > 0 ? "(hidden)" : "");
        if (node.Facts is { } facts)
        {
            json.WriteStartObject("info");
            json.WriteString("version", facts.Version);
            json.WriteNumber("taskQueueCount", facts.Queue);
            json.WriteNumber("totalMemory", facts.TotalMemory ?? 0);
            json.WriteNumber("availableMemory", facts.AvailableMemory ?? 0);
            json.WriteNumber("cpuCores", facts.Cores ?? 0);
            if (facts.MaxImages is { } most)
                json.WriteNumber("maxImages", most);
            else
                json.WriteNull("maxImages");
            json.WriteNumber("maxParallelTasks", facts.Slots);
            json.WriteString("engineVersion", facts.EngineVersion);
            json.WriteString("engine", facts.Engine);
            json.WriteEndObject();
        }
        json.WriteNumber(
            "lastRefreshed",
            node.Health is { Answers: true, AnsweredAt: { } at } ? at.ToUnixTimeMilliseconds() : 0
        );
        json.WriteBoolean("locked", node.Locked);
        json.WriteBoolean("draining", node.Draining);
        if (node.Health.Fault is { } fault)
            json.WriteString("fault", fault);
        json.WriteEndObject();
    }
}
