using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Muster.Clouds.Kubernetes;

public sealed partial class KubeProvider
{
    /// <summary>What has happened since somebody last asked.</summary>
    private void Tick()
    {
        foreach (var pod in Pods.ToList())
        {
            if (pod.Deleted is { } since)
            {
                if (world.Now - since >= Grace)
                    Pods.Remove(pod);
                continue;
            }
            var job = Jobs.FirstOrDefault(job => job.Pod == pod);
            if (pod.Phase is not "Pending" || job is null)
                continue;
            pod.Unschedulable = Unschedulable;
            var container = job.Template["spec"]!["containers"]![0]!;
            var image = container["image"]!.GetValue<string>();
            pod.Waiting =
                pod.Unschedulable is not null ? null
                : BadImages.Contains(image)
                    ? ("ImagePullBackOff", $"Back-off pulling image \"{image}\": ErrImagePull: not found")
                : ("ContainerCreating", "");
            if (pod.Unschedulable is not null || BadImages.Contains(image) || world.Now - pod.Created < Boot)
                continue;
            (pod.Phase, pod.Waiting) = ("Running", null);
            if (Folder is not null)
                pod.Container = KubeContainer.Start(
                    pod.Uid,
                    Path.Combine(Folder, pod.Name),
                    [.. container["command"]!.AsArray().Select(word => word!.GetValue<string>())],
                    code => Ended(pod, code)
                );
        }
    }

    /// <summary>The container has ended by itself.</summary>
    private void Ended(KubePod pod, int code)
    {
        lock (world.Lock)
        {
            if (pod.IsOver || pod.Deleted is not null)
                return;
            pod.Terminated = (code, code == 0 ? "Completed" : "Error");
            pod.Phase = code == 0 ? "Succeeded" : "Failed";
            if (code != 0)
                Fail(pod, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
    }

    private JsonObject Page(
        HttpRequest request,
        string kind,
        IEnumerable<(IReadOnlyDictionary<string, string> Labels, JsonObject View)> all
    )
    {
        var selector = request.Query["labelSelector"].ToString();
        var fitting = all.Where(one => LabelSelector.Fits(selector, one.Labels)).Select(one => one.View).ToList();
        var from = 0;
        if (request.Query["continue"].ToString() is { Length: > 0 } token)
        {
            if (Expired > 0)
            {
                Expired--;
                throw new Refusal(410, "Expired", "The provided continue parameter is too old");
            }
            from = int.Parse(token, CultureInfo.InvariantCulture);
        }
        var limit = int.TryParse(request.Query["limit"], CultureInfo.InvariantCulture, out var most)
            ? most
            : int.MaxValue;
        var meta = new JsonObject { ["resourceVersion"] = "1" };
        if (from + (long)limit < fitting.Count)
            meta["continue"] = (from + limit).ToString(CultureInfo.InvariantCulture);
        return new()
        {
            ["kind"] = kind,
            ["metadata"] = meta,
            ["items"] = new JsonArray([.. fitting.Skip(from).Take(limit)]),
        };
    }

    private JsonObject Events(HttpRequest request, string space)
    {
        var about = request.Query["fieldSelector"].ToString().Split('=')[^1];
        var items = Pods.Where(pod => pod.Namespace == space && pod.Name == about && pod.Unschedulable is not null)
            .Select(pod =>
                (JsonNode)
                    new JsonObject
                    {
                        ["type"] = "Warning",
                        ["reason"] = "FailedScheduling",
                        ["message"] = pod.Unschedulable,
                    }
            );
        return new()
        {
            ["kind"] = "EventList",
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([.. items]),
        };
    }

    private static JsonObject View(KubeJob job)
    {
        var view = job.Manifest.DeepClone().AsObject();
        view["metadata"]!["uid"] = job.Uid;
        view["metadata"]!["namespace"] = job.Place;
        view["metadata"]!["creationTimestamp"] = Time(job.Created);
        var conditions = new JsonArray();
        if (job.Failed is var (reason, message))
            conditions.Add(Condition("Failed", "True", reason, message));
        else if (job.Pod?.Phase is "Succeeded")
            conditions.Add(
                Condition("Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods")
            );
        view["status"] = new JsonObject
        {
            ["active"] = job.Pod is { IsOver: false } ? 1 : 0,
            ["failed"] = job.Failed is null ? 0 : 1,
            ["conditions"] = conditions,
        };
        return view;
    }

    private static JsonObject View(KubePod pod)
    {
        var metadata = new JsonObject
        {
            ["name"] = pod.Name,
            ["uid"] = pod.Uid,
            ["namespace"] = pod.Namespace,
            ["creationTimestamp"] = Time(pod.Created),
            ["labels"] = new JsonObject(
                pod.Labels.Select(label => KeyValuePair.Create(label.Key, (JsonNode?)label.Value))
            ),
        };
        if (pod.Deleted is { } deleted)
            metadata["deletionTimestamp"] = Time(deleted);
        var conditions = new JsonArray();
        if (pod.Unschedulable is { } words)
            conditions.Add(Condition("PodScheduled", "False", "Unschedulable", words));
        JsonObject? state = pod switch
        {
            { Terminated: var (code, reason) } => new()
            {
                ["terminated"] = new JsonObject { ["exitCode"] = code, ["reason"] = reason },
            },
            { Phase: "Running" } => new() { ["running"] = new JsonObject { ["startedAt"] = Time(pod.Created) } },
            { Waiting: var (reason, message) } => new()
            {
                ["waiting"] = new JsonObject { ["reason"] = reason, ["message"] = message },
            },
            _ => null,
        };
        var status = new JsonObject { ["phase"] = pod.Phase, ["conditions"] = conditions };
        if (pod.Reason is not null)
            (status["reason"], status["message"]) = (pod.Reason, pod.Message);
        if (state is not null)
            status["containerStatuses"] = new JsonArray(new JsonObject { ["name"] = "main", ["state"] = state });
        return new() { ["metadata"] = metadata, ["status"] = status };
    }

    private static JsonObject Condition(string type, string status, string reason, string message) =>
        new()
        {
            ["type"] = type,
            ["status"] = status,
            ["reason"] = reason,
            ["message"] = message,
        };

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
