using System.Globalization;
using System.Text.Json;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>What is wrong with a site in a cluster, by at most ten requests that change nothing.</summary>
internal sealed class KubeCheck(CloudSettings settings, KubeApi api, TimeProvider clock)
{
    /// <summary>The first whose API can be told that a script's input is over.</summary>
    private const int LeastMinor = 30;

    private static readonly (string Verb, string Group, string Resource, string? Part)[] Needed =
    [
        ("create", "batch", "jobs", null),
        ("get", "batch", "jobs", null),
        ("list", "batch", "jobs", null),
        ("delete", "batch", "jobs", null),
        ("list", "", "pods", null),
        // A socket is opened by a GET; clusters differ in which of the two they want for it.
        ("get", "", "pods", "exec"),
        ("create", "", "pods", "exec"),
        ("create", "", "pods", "portforward"),
    ];

    public async Task<IReadOnlyList<CloudFinding>> RunAsync(CancellationToken ct)
    {
        var found = new List<CloudFinding>();
        try
        {
            var version = await api.GetAsync("version", KubeWire.Default.KubeVersion, ct);
            if (
                int.TryParse(version.Minor?.TrimEnd('+'), CultureInfo.InvariantCulture, out var minor)
                && version.Major is "1"
                && minor < LeastMinor
            )
                found.Add(
                    new(
                        true,
                        $"the cluster runs {version.GitVersion}",
                        $"Kubernetes 1.{LeastMinor} or newer is needed."
                    )
                );
            foreach (var right in Needed)
                if (await RefusalAsync(right, ct) is { } refusal)
                    found.Add(refusal);
            // The order itself, which the cluster looks at and does not carry out.
            if (found.Count == 0)
                await DryRunAsync(ct);
        }
        catch (CloudException missing) when (missing.Fault is CloudFault.Gone)
        {
            found.Add(
                new(true, missing.Message, $"Set `namespace` of {settings}, or make it: kubectl create namespace NAME")
            );
        }
        catch (CloudException fault)
        {
            found.Add(new(true, fault.Message, fault.Fix));
        }
        return found;
    }

    private async Task<CloudFinding?> RefusalAsync(
        (string Verb, string Group, string Resource, string? Part) right,
        CancellationToken ct
    )
    {
        var place = api.Config.Namespace;
        var review = new KubeReview(
            "authorization.k8s.io/v1",
            "SelfSubjectAccessReview",
            new(new(place, right.Verb, right.Group, right.Resource, right.Part))
        );
        var answer = await api.PostAsync(
            "apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            JsonSerializer.SerializeToUtf8Bytes(review, KubeWire.Default.KubeReview),
            KubeWire.Default.KubeReview,
            CloudHttp.Patience,
            ct
        );
        var what = right.Part is null ? right.Resource : $"{right.Resource}/{right.Part}";
        return answer.Status?.Allowed is true
            ? null
            : new(
                true,
                $"{api.Config.Source} may not {right.Verb} {what} in namespace {place}"
                    + (answer.Status?.Reason is { Length: > 0 } reason ? $": {reason}" : ""),
                $"Give it these rights {KubeFaults.Rights}."
            );
    }

    private async Task DryRunAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var order = new MachineOrder
        {
            Id = Guid.NewGuid(),
            Attempt = 1,
            Fleet = "000000000000",
            Until = now + settings.MaxLife,
            Place = api.Config.Namespace,
            Type = settings.Machines[0].Type,
            Image = settings.Image,
            DiskGb = settings.Machines[0].DiskGb ?? settings.DiskGb,
            UserData = "[\"true\"]",
            PublicKey = "",
            Labels = settings.Tags,
            NamePrefix = settings.NamePrefix,
        };
        await api.PostAsync(
            $"{KubeCloud.Jobs(order.Place)}?dryRun=All",
            PodManifest.For(order, settings.Kube!, now),
            KubeWire.Default.KubeJob,
            CloudHttp.Patience,
            ct
        );
    }
}
