using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>
/// The Job that an order becomes: one pod, started once, whose container lives until its lease is over.
/// </summary>
internal static class PodManifest
{
    /// <summary>The annotation that says what was asked for.</summary>
    public const string TypeKey = "muster-type";

    /// <summary>A Job that nobody deletes is deleted by the cluster so long after its end.</summary>
    private const int Kept = 3600;

    public static byte[] For(MachineOrder order, KubeSettings settings, DateTimeOffset now)
    {
        var job = new JsonObject
        {
            ["apiVersion"] = "batch/v1",
            ["kind"] = "Job",
            ["metadata"] = Metadata(order, order.Name),
            ["spec"] = new JsonObject
            {
                // Whether a pod is started again is decided here: one that was evicted is not replaced behind our back.
                ["backoffLimit"] = 0,
                ["completions"] = 1,
                ["parallelism"] = 1,
                ["activeDeadlineSeconds"] = Math.Max(60, (long)(order.Until - now).TotalSeconds),
                ["ttlSecondsAfterFinished"] = Kept,
                ["template"] = new JsonObject { ["metadata"] = Metadata(order, null), ["spec"] = Pod(order, settings) },
            },
        };
        return Encoding.UTF8.GetBytes(job.ToJsonString());
    }

    private static JsonObject Metadata(MachineOrder order, string? name)
    {
        var metadata = new JsonObject
        {
            ["labels"] = Map(CloudMarks.Labels(order)),
            ["annotations"] = new JsonObject { [TypeKey] = order.Type },
        };
        if (name is not null)
            metadata["name"] = name;
        return metadata;
    }

    private static JsonObject Pod(MachineOrder order, KubeSettings settings)
    {
        var folder = new JsonObject();
        if (order.DiskGb is { } disk)
            folder["sizeLimit"] = Disk(disk);
        var pod = new JsonObject
        {
            ["restartPolicy"] = "Never",
            ["terminationGracePeriodSeconds"] = 10,
            ["enableServiceLinks"] = false,
            ["automountServiceAccountToken"] = settings.ServiceAccount is not null,
            ["containers"] = new JsonArray(Container(order, settings)),
            ["volumes"] = new JsonArray(new JsonObject { ["name"] = "muster", ["emptyDir"] = folder }),
        };
        if (settings.ServiceAccount is { } account)
            pod["serviceAccountName"] = account;
        if (settings.NodeSelector.Count > 0)
            pod["nodeSelector"] = Map(settings.NodeSelector);
        if (settings.Tolerations.Count > 0)
            pod["tolerations"] = new JsonArray([.. settings.Tolerations.Select(Tolerated)]);
        if (settings.ImagePullSecrets.Count > 0)
            pod["imagePullSecrets"] = new JsonArray([
                .. settings.ImagePullSecrets.Select(secret => new JsonObject { ["name"] = secret }),
            ]);
        return pod;
    }

    private static JsonObject Container(MachineOrder order, KubeSettings settings)
    {
        var words = JsonSerializer.Deserialize(order.UserData, KubeWire.Default.ListString)!;
        var size =
            PodSize.Parse(order.Type) ?? throw new InvalidOperationException($"'{order.Type}' is no size of a pod");
        return new()
        {
            ["name"] = KubeCloud.Container,
            ["image"] = order.Image,
            ["command"] = new JsonArray([.. words.Select(word => JsonValue.Create(word))]),
            ["resources"] = Amounts(size, order.DiskGb, settings.GpuResource),
            ["volumeMounts"] = new JsonArray(new JsonObject { ["name"] = "muster", ["mountPath"] = settings.Root }),
        };
    }

    /// <summary>
    /// Memory is asked for as it is limited, so that the pod is not the first to be evicted. GPUs have a limit only,
    /// which is what is asked for too. Processors have none: what is idle may be used.
    /// </summary>
    private static JsonObject Amounts(PodSize size, int? diskGb, string gpus)
    {
        var requests = new JsonObject { ["cpu"] = size.Cpu, ["memory"] = size.Memory };
        var limits = new JsonObject { ["memory"] = size.Memory };
        if (diskGb is { } disk)
        {
            requests["ephemeral-storage"] = Disk(disk);
            limits["ephemeral-storage"] = Disk(disk);
        }
        if (size.Gpus > 0)
            limits[gpus] = size.Gpus.ToString(CultureInfo.InvariantCulture);
        return new() { ["requests"] = requests, ["limits"] = limits };
    }

    private static JsonObject Tolerated(Toleration one)
    {
        var tolerated = new JsonObject();
        if (one.Key.Length > 0)
            tolerated["key"] = one.Key;
        tolerated["operator"] = one.Value is null ? "Exists" : "Equal";
        if (one.Value is { } value)
            tolerated["value"] = value;
        if (one.Effect is { } effect)
            tolerated["effect"] = effect;
        return tolerated;
    }

    private static JsonObject Map(IEnumerable<KeyValuePair<string, string>> pairs) =>
        new(pairs.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));

    private static string Disk(int gb) => string.Create(CultureInfo.InvariantCulture, $"{gb}Gi");
}
