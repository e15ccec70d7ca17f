using System.Globalization;
using System.Text.Json;

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
        var size =
            PodSize.Parse(order.Type) ?? throw new InvalidOperationException($"'{order.Type}' is no size of a pod");
        var labels = CloudMarks.Labels(order);
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartObject();
            json.WriteString("apiVersion", "batch/v1");
            json.WriteString("kind", "Job");
            Metadata(order.Name);
            json.WriteStartObject("spec");
            // Whether a pod is started again is decided here: one that was evicted is not replaced behind our back.
            json.WriteNumber("backoffLimit", 0);
            json.WriteNumber("completions", 1);
            json.WriteNumber("parallelism", 1);
            json.WriteNumber("activeDeadlineSeconds", Math.Max(60, (long)(order.Until - now).TotalSeconds));
            json.WriteNumber("ttlSecondsAfterFinished", Kept);
            json.WriteStartObject("template");
            Metadata(null);
            json.WriteStartObject("spec");
            Pod();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();

            void Metadata(string? name)
            {
                json.WriteStartObject("metadata");
                if (name is not null)
                    json.WriteString("name", name);
                Map("labels", labels);
                json.WriteStartObject("annotations");
                json.WriteString(TypeKey, order.Type);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            void Pod()
            {
                json.WriteString("restartPolicy", "Never");
                json.WriteNumber("terminationGracePeriodSeconds", 10);
                json.WriteBoolean("enableServiceLinks", false);
                json.WriteBoolean("automountServiceAccountToken", settings.ServiceAccount is not null);
                if (settings.ServiceAccount is { } account)
                    json.WriteString("serviceAccountName", account);
                if (settings.NodeSelector.Count > 0)
                    Map("nodeSelector", settings.NodeSelector);
                if (settings.Tolerations.Count > 0)
                    Tolerations();
                if (settings.ImagePullSecrets.Count > 0)
                {
                    json.WriteStartArray("imagePullSecrets");
                    foreach (var secret in settings.ImagePullSecrets)
                    {
                        json.WriteStartObject();
                        json.WriteString("name", secret);
                        json.WriteEndObject();
                    }
                    json.WriteEndArray();
                }
                json.WriteStartArray("containers");
                json.WriteStartObject();
                json.WriteString("name", KubeCloud.Container);
                json.WriteString("image", order.Image);
                json.WriteStartArray("command");
                foreach (var word in JsonSerializer.Deserialize(order.UserData, KubeWire.Default.ListString)!)
                    json.WriteStringValue(word);
                json.WriteEndArray();
                json.WriteStartObject("resources");
                Amounts("requests", withGpus: false);
                Amounts("limits", withGpus: true);
                json.WriteEndObject();
                json.WriteStartArray("volumeMounts");
                json.WriteStartObject();
                json.WriteString("name", "muster");
                json.WriteString("mountPath", settings.Root);
                json.WriteEndObject();
                json.WriteEndArray();
                json.WriteEndObject();
                json.WriteEndArray();
                json.WriteStartArray("volumes");
                json.WriteStartObject();
                json.WriteString("name", "muster");
                json.WriteStartObject("emptyDir");
                if (order.DiskGb is { } disk)
                    json.WriteString("sizeLimit", Disk(disk));
                json.WriteEndObject();
                json.WriteEndObject();
                json.WriteEndArray();
            }

            void Map(string key, IEnumerable<KeyValuePair<string, string>> pairs)
            {
                json.WriteStartObject(key);
                foreach (var (name, value) in pairs)
                    json.WriteString(name, value);
                json.WriteEndObject();
            }

            void Tolerations()
            {
                json.WriteStartArray("tolerations");
                foreach (var one in settings.Tolerations)
                {
                    json.WriteStartObject();
                    if (one.Key.Length > 0)
                        json.WriteString("key", one.Key);
                    json.WriteString("operator", one.Value is null ? "Exists" : "Equal");
                    if (one.Value is { } value)
                        json.WriteString("value", value);
                    if (one.Effect is { } effect)
                        json.WriteString("effect", effect);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }

            // Memory is asked for as it is limited, so that the pod is not the first to be evicted. GPUs have a limit
            // only, which is what is asked for too. Processors have none: what is idle may be used.
            void Amounts(string key, bool withGpus)
            {
                json.WriteStartObject(key);
                if (!withGpus)
                    json.WriteString("cpu", size.Cpu);
                json.WriteString("memory", size.Memory);
                if (order.DiskGb is { } disk)
                    json.WriteString("ephemeral-storage", Disk(disk));
                if (withGpus && size.Gpus > 0)
                    json.WriteString(settings.GpuResource, size.Gpus.ToString(CultureInfo.InvariantCulture));
                json.WriteEndObject();
            }
        }
        return memory.ToArray();
    }

    private static string Disk(int gb) => string.Create(CultureInfo.InvariantCulture, $"{gb}Gi");
}
