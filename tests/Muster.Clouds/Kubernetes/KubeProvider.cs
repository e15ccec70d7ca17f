// Follows the Kubernetes API reference of 1.33 (batch/v1 Job, core/v1 Pod and Event, authorization.k8s.io/v1, Status),
// its API conventions (error bodies, continue tokens, dry runs), and the remote command protocol v5.channel.k8s.io.
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Muster.Clouds.Kubernetes;

/// <summary>A cluster's API: Jobs and their pods, whose containers are processes where a folder is given.</summary>
public sealed partial class KubeProvider(World world) : IProvider, IDisposable
{
    public const string Token = "standin-token-0123456789abcdef0123456789abcdef";

    public string Name => "kubernetes";

    /// <summary>Where containers have their home; null runs none, and a pod is an entry in a list.</summary>
    public string? Folder { get; init; }
    public HashSet<string> Namespaces { get; } = ["default", "lab"];
    public string Minor { get; set; } = "33";

    /// <summary>From the pod's making until its container runs.</summary>
    public TimeSpan Boot { get; set; } = TimeSpan.Zero;

    /// <summary>So long pods stay when they are deleted.</summary>
    public TimeSpan Grace { get; set; } = TimeSpan.Zero;

    /// <summary>The token that is accepted now.</summary>
    public string Accepted { get; set; } = Token;

    /// <summary>How it is encrypted, and whose certificates it knows; null leaves it in the clear.</summary>
    public KubeTls? Tls { get; init; }

    /// <summary>What may not be done, such as <c>create jobs</c> or <c>create pods/exec</c>.</summary>
    public HashSet<string> Forbidden { get; } = [];

    /// <summary>Why no node takes new pods.</summary>
    public string? Unschedulable { get; set; }

    /// <summary>Images that cannot be pulled.</summary>
    public HashSet<string> BadImages { get; } = [];

    /// <summary>Most Jobs at once, by the namespace's quota.</summary>
    public int? Quota { get; set; }

    /// <summary>So many requests are told to come later.</summary>
    public int Throttled { get; set; }

    /// <summary>So many pages of lists are too old when they are asked for.</summary>
    public int Expired { get; set; }

    public IEnumerable<KubeJob> Jobs => world.Machines.OfType<KubeJob>();

    /// <summary>Pods that are there, also those without a Job.</summary>
    public List<KubePod> Pods { get; } = [];

    public string Describe(HttpRequest request, string body) => $"{request.Method} {request.Path}{request.QueryString}";

    public void Map(IEndpointRouteBuilder app) => app.Map("/{**rest}", (RequestDelegate)AnswerAsync);

    public void Dispose()
    {
        lock (world.Lock)
            Pods.ForEach(pod => pod.Container?.Kill());
    }

    /// <summary>A node takes the pod away: <c>Evicted</c>, <c>Preempted</c>, or whatever a cluster says.</summary>
    public void Evict(string job, string reason, string message)
    {
        lock (world.Lock)
        {
            var pod = Pods.Single(pod => pod.Job == job);
            pod.Container?.Kill();
            (pod.Phase, pod.Reason, pod.Message) = ("Failed", reason, message);
            pod.Terminated = (137, "Error");
            Fail(pod, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
    }

    /// <summary>The container used more memory than it may.</summary>
    public void KillForMemory(string job)
    {
        lock (world.Lock)
        {
            var pod = Pods.Single(pod => pod.Job == job);
            pod.Terminated = (137, "OOMKilled");
            pod.Phase = "Failed";
            pod.Container?.Kill();
            Fail(pod, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
    }

    /// <summary>The Job ran into its deadline: its controller deletes the pod.</summary>
    public void ReachDeadline(string job)
    {
        lock (world.Lock)
        {
            var pod = Pods.Single(pod => pod.Job == job);
            Fail(pod, "DeadlineExceeded", "Job was active longer than specified deadline");
            Remove(pod);
        }
    }

    private void Fail(KubePod pod, string reason, string message)
    {
        if (Jobs.FirstOrDefault(job => job.Gone is null && job.Pod == pod) is { } job)
            job.Failed = (reason, message);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        using var reader = new StreamReader(request.Body);
        var body = await reader.ReadToEndAsync();
        JsonNode answer;
        KubePod? pod = null;
        lock (world.Lock)
        {
            try
            {
                Admit(context);
                Tick();
                if (context.WebSockets.IsWebSocketRequest)
                    pod = PodFor(request);
                (context.Response.StatusCode, answer) = pod is null ? Carry(request, body) : (101, new JsonObject());
            }
            catch (Refusal refusal)
            {
                context.Response.StatusCode = refusal.Status;
                if (refusal.Status == 429)
                    context.Response.Headers.RetryAfter = "1";
                answer = refusal.Body();
            }
        }
        if (pod is not null)
        {
            var isExec = request.Path.Value!.EndsWith("/exec", StringComparison.Ordinal);
            if (isExec)
                await KubeSockets.ExecAsync(
                    context,
                    pod.Container!,
                    world.Faults.Draw("exec") is Stumble.CutWithin ? 0 : null
                );
            else
                await KubeSockets.PortAsync(
                    context,
                    int.Parse(request.Query["ports"].ToString(), CultureInfo.InvariantCulture)
                );
            return;
        }
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString());
    }

    private void Admit(HttpContext context)
    {
        var token = context.Request.Headers.Authorization.ToString();
        var certificate = context.Connection.ClientCertificate;
        var isKnown =
            (certificate is not null && Tls?.UserOf(certificate) is not null) || token == $"Bearer {Accepted}";
        if (!isKnown && (certificate is not null || token.Length > 0))
            throw new Refusal(401, "Unauthorized", "Unauthorized");
        // Whoever shows nothing is somebody too, who may learn the version and no more.
        if (!isKnown && context.Request.Path != "/version")
            throw new Refusal(
                403,
                "Forbidden",
                $"User \"system:anonymous\" cannot use path \"{context.Request.Path}\""
            );
        if (Throttled > 0)
        {
            Throttled--;
            throw new Refusal(429, "TooManyRequests", "the server has received too many requests");
        }
    }

    private (int, JsonNode) Carry(HttpRequest request, string body)
    {
        var path = request.Path.Value!.Trim('/').Split('/');
        return (request.Method, path) switch
        {
            ("GET", ["version"]) => (
                200,
                new JsonObject
                {
                    ["major"] = "1",
                    ["minor"] = Minor,
                    ["gitVersion"] = $"v1.{Minor}.2",
                }
            ),
            ("POST", ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"]) => Review(body),
            ("POST", ["apis", "batch", "v1", "namespaces", var space, "jobs"]) => Create(request, space, body),
            ("GET", ["apis", "batch", "v1", "namespaces", var space, "jobs"]) => (
                200,
                Page(request, "JobList", JobsIn(May(space, "list jobs")).Select(job => (job.Labels, View(job))))
            ),
            ("GET", ["apis", "batch", "v1", "namespaces", var space, "jobs", var name]) => (
                200,
                View(Get(May(space, "get jobs"), name))
            ),
            ("DELETE", ["apis", "batch", "v1", "namespaces", var space, "jobs", var name]) => Delete(
                Get(May(space, "delete jobs"), name),
                body
            ),
            ("GET", ["api", "v1", "namespaces", var space, "pods"]) => (
                200,
                Page(
                    request,
                    "PodList",
                    Pods.Where(pod => pod.Namespace == May(space, "list pods")).Select(pod => (pod.Labels, View(pod)))
                )
            ),
            ("DELETE", ["api", "v1", "namespaces", var space, "pods", var name]) => DeletePod(
                May(space, "delete pods"),
                name
            ),
            ("GET", ["api", "v1", "namespaces", var space, "events"]) => (
                200,
                Events(request, May(space, "list events"))
            ),
            _ => throw new Refusal(404, "NotFound", "the server could not find the requested resource"),
        };
    }

    private string May(string space, string what)
    {
        if (!Forbidden.Contains(what))
            return space;
        var (verb, resource) = (what.Split(' ')[0], what.Split(' ')[1]);
        throw new Refusal(
            403,
            "Forbidden",
            $"{resource} is forbidden: User \"lab\" cannot {verb} resource \"{resource}\" in the namespace \"{space}\""
        );
    }

    private (int, JsonNode) Review(string body)
    {
        var review = JsonNode.Parse(body)!.AsObject();
        var asked = review["spec"]!["resourceAttributes"]!;
        var part = asked["subresource"]?.GetValue<string>();
        var what = $"{asked["verb"]} {asked["resource"]}{(part is null ? "" : $"/{part}")}";
        review["status"] = new JsonObject { ["allowed"] = !Forbidden.Contains(what) };
        return (201, review);
    }

    private (int, JsonNode) Create(HttpRequest request, string space, string body)
    {
        May(space, "create jobs");
        if (!Namespaces.Contains(space))
            throw new Refusal(404, "NotFound", $"namespaces \"{space}\" not found");
        var manifest = JsonNode.Parse(body)!.AsObject();
        var name = manifest["metadata"]?["name"]?.GetValue<string>() ?? "";
        var spec = manifest["spec"]?["template"]?["spec"];
        var image = spec?["containers"]?[0]?["image"]?.GetValue<string>() ?? "";
        if (!NameText().IsMatch(name))
            throw Invalid(name, "metadata.name", "a lowercase RFC 1123 label is needed");
        if (spec?["restartPolicy"]?.GetValue<string>() is not ("Never" or "OnFailure"))
            throw Invalid(
                name,
                "spec.template.spec.restartPolicy",
                "Required value: valid values: \"OnFailure\", \"Never\""
            );
        if (image.Length == 0)
            throw Invalid(name, "spec.template.spec.containers[0].image", "Required value");
        if (JobsIn(space).Any(job => job.Name == name))
            throw new Refusal(409, "AlreadyExists", $"jobs.batch \"{name}\" already exists");
        if (JobsIn(space).Count() >= Quota)
            throw new Refusal(
                403,
                "Forbidden",
                $"jobs.batch \"{name}\" is forbidden: exceeded quota: few, requested: count/jobs.batch=1, used: "
                    + $"count/jobs.batch={Quota}, limited: count/jobs.batch={Quota}"
            );
        var job = new KubeJob
        {
            Provider = Name,
            Id = name,
            Uid = world.NextUuid().ToString(),
            Name = name,
            Type = "job",
            Place = space,
            Created = world.Now,
            State = "active",
            Manifest = manifest,
            Labels = Labels(manifest),
        };
        if (request.Query["dryRun"] == "All")
            return (201, View(job));
        world.Machines.Add(job);
        var pod = new KubePod
        {
            Name = $"{name}-{world.NextId() % 100000:x5}",
            Uid = world.NextUuid().ToString(),
            Namespace = space,
            Job = name,
            Labels = new Dictionary<string, string>(Labels(job.Template))
            {
                ["job-name"] = name,
                ["batch.kubernetes.io/job-name"] = name,
            },
            Created = world.Now,
            Unschedulable = Unschedulable,
        };
        job.Pod = pod;
        Pods.Add(pod);
        return (201, View(job));
    }

    private (int, JsonNode) Delete(KubeJob job, string body)
    {
        var policy = body.Length > 0 ? JsonNode.Parse(body)!["propagationPolicy"]?.GetValue<string>() : null;
        job.Gone = world.Now;
        // Without a word about them, pods have been left running.
        if (policy is "Background" or "Foreground" && job.Pod is { } pod)
            Remove(pod);
        return (200, new JsonObject { ["kind"] = "Status", ["status"] = "Success" });
    }

    private (int, JsonNode) DeletePod(string space, string name)
    {
        var pod =
            Pods.Find(pod => pod.Namespace == space && pod.Name == name)
            ?? throw new Refusal(404, "NotFound", $"pods \"{name}\" not found");
        Remove(pod);
        return (200, View(pod));
    }

    private void Remove(KubePod pod)
    {
        pod.Deleted ??= world.Now;
        pod.Container?.Kill();
        Tick();
    }

    private KubePod PodFor(HttpRequest request)
    {
        if (
            request.Path.Value!.Trim('/').Split('/')
            is not ["api", "v1", "namespaces", var space, "pods", var name, var part]
        )
            throw new Refusal(404, "NotFound", "the server could not find the requested resource");
        May(space, $"create pods/{part}");
        var pod =
            Pods.Find(pod => pod.Namespace == space && pod.Name == name)
            ?? throw new Refusal(404, "NotFound", $"pods \"{name}\" not found");
        var asked = part is "exec" ? KubeSockets.ExecProtocol : KubeSockets.PortProtocol;
        return
            pod is { Phase: "Running", Container: not null }
            && request.HttpContext.WebSockets.WebSocketRequestedProtocols.Contains(asked)
            ? pod
            : throw new Refusal(400, "BadRequest", $"pod {name} is not running, or does not speak {asked}");
    }

    private IEnumerable<KubeJob> JobsIn(string space) => Jobs.Where(job => job.Place == space && job.Gone is null);

    private KubeJob Get(string space, string name) =>
        JobsIn(space).FirstOrDefault(job => job.Name == name)
        ?? throw new Refusal(404, "NotFound", $"jobs.batch \"{name}\" not found");

    private static Refusal Invalid(string name, string field, string message) =>
        new(422, "Invalid", $"Job.batch \"{name}\" is invalid: {field}: {message}");

    private static Dictionary<string, string> Labels(JsonObject thing) =>
        thing["metadata"]?["labels"] is JsonObject labels
            ? labels.ToDictionary(label => label.Key, label => label.Value!.GetValue<string>())
            : [];

    [GeneratedRegex(@"\A[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z")]
    private static partial Regex NameText();

    private sealed class Refusal(int status, string reason, string message) : Exception(message)
    {
        public int Status { get; } = status;

        public JsonObject Body() =>
            new()
            {
                ["kind"] = "Status",
                ["apiVersion"] = "v1",
                ["metadata"] = new JsonObject(),
                ["status"] = "Failure",
                ["message"] = Message,
                ["reason"] = reason,
                ["code"] = Status,
            };
    }
}
