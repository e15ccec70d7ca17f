using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using Muster.Cli;

namespace Muster.Deploy;

/// <summary>Kubernetes objects that are applied together: read strictly, so that no field is misspelt.</summary>
internal sealed partial class Manifests(string yaml)
{
    private readonly List<object> _all = KubernetesYaml.LoadAllFromString(yaml, strict: true);

    public List<V1StatefulSet> Sets => [.. _all.OfType<V1StatefulSet>()];
    private List<V1Service> Services => [.. _all.OfType<V1Service>()];

    /// <summary>Every name that one object has for another, or for a part of it, is there.</summary>
    public void CheckReferences()
    {
        Assert.All(_all, one => Assert.IsAssignableFrom<IKubernetesObject<V1ObjectMeta>>(one));
        foreach (var service in Services)
        {
            var pods = Chosen(service.Spec.Selector);
            Assert.All(service.Spec.Ports, port => HasPort(pods, port.TargetPort?.Value ?? $"{port.Port}"));
        }
        foreach (var set in Sets)
        {
            Assert.Contains(Services, service => service.Name() == set.Spec.ServiceName);
            Assert.Contains(set, Chosen(set.Spec.Selector.MatchLabels));
            var volumes = (set.Spec.Template.Spec.Volumes ?? [])
                .Select(volume => volume.Name)
                .Concat(set.Spec.VolumeClaimTemplates.Select(claim => claim.Name()))
                .ToList();
            var container = set.Spec.Template.Spec.Containers.Single();
            Assert.Equal(volumes.Order(), container.VolumeMounts.Select(mount => mount.Name).Order());
            foreach (var name in container.Args.SelectMany(word => Variable().Matches(word)))
                Assert.Contains(container.Env, variable => variable.Name == name.Groups[1].Value);
        }
        foreach (var budget in _all.OfType<V1PodDisruptionBudget>())
            Chosen(budget.Spec.Selector.MatchLabels);
        foreach (var policy in _all.OfType<V1NetworkPolicy>())
        {
            var own = Chosen(policy.Spec.PodSelector.MatchLabels);
            foreach (var rule in policy.Spec.Ingress ?? [])
            {
                Assert.All(rule.Ports, port => HasPort(own, port.Port.Value));
                foreach (var peer in (rule.FromProperty ?? []).Where(peer => peer.NamespaceSelector is null))
                    Chosen(peer.PodSelector.MatchLabels);
            }
            foreach (var rule in policy.Spec.Egress ?? [])
            {
                var pods = (rule.To ?? []).SelectMany(peer => Chosen(peer.PodSelector.MatchLabels)).ToList();
                Assert.All(rule.Ports.Where(_ => pods.Count > 0), port => HasPort(pods, port.Port.Value));
            }
        }
        Assert.All(
            Sets,
            set =>
            {
                Assert.Contains(
                    _all.OfType<V1PodDisruptionBudget>(),
                    one => Chooses(one.Spec.Selector.MatchLabels, set)
                );
                Assert.Contains(_all.OfType<V1NetworkPolicy>(), one => Chooses(one.Spec.PodSelector.MatchLabels, set));
            }
        );
    }

    /// <summary>What an auditor asks of a pod, and what Muster can do.</summary>
    public void CheckPods() =>
        Assert.All(
            Sets,
            set =>
            {
                var pod = set.Spec.Template.Spec;
                var container = pod.Containers.Single();
                Assert.False(pod.AutomountServiceAccountToken);
                Assert.True(pod.SecurityContext.RunAsNonRoot);
                Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
                Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
                Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
                Assert.Equal(
                    "RuntimeDefault",
                    (container.SecurityContext.SeccompProfile ?? pod.SecurityContext.SeccompProfile).Type
                );
                Assert.True(container.Resources.Limits.ContainsKey("memory"));
                V1Probe[] probes = [container.StartupProbe, container.ReadinessProbe, container.LivenessProbe];
                Assert.All(probes, probe => Assert.Equal("http", probe.HttpGet.Port.Value));
                // The volume belongs to root, and to a group of ours: a folder in it is ours alone.
                var data = container.VolumeMounts.Single(mount => mount.Name == "data").MountPath;
                Assert.Contains(container.Args, word => word.EndsWith($"{data}/data", StringComparison.Ordinal));
                CheckWords([.. container.Args]);
            }
        );

    /// <summary>The program takes these words.</summary>
    public static void CheckWords(string[] words) => Assert.Empty(MusterCommand.Create(words).Parse(words).Errors);

    private List<V1StatefulSet> Chosen(IDictionary<string, string> labels)
    {
        var sets = Sets.Where(set => Chooses(labels, set)).ToList();
        Assert.NotEmpty(sets);
        return sets;
    }

    private static bool Chooses(IDictionary<string, string> labels, V1StatefulSet set) =>
        labels.All(label => set.Spec.Template.Metadata.Labels.Contains(label));

    private static void HasPort(List<V1StatefulSet> sets, string name) =>
        Assert.All(
            sets,
            set =>
                Assert.Contains(
                    set.Spec.Template.Spec.Containers.SelectMany(container => container.Ports),
                    port => port.Name == name || $"{port.ContainerPort}" == name
                )
        );

    [GeneratedRegex("\\$\\(([A-Z_]+)\\)")]
    private static partial Regex Variable();
}
