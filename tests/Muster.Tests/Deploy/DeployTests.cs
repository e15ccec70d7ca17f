using System.Text.Json;
using Muster.Gateway.Fleet;
using YamlDotNet.Serialization;

namespace Muster.Deploy;

/// <summary>What stands in <c>deploy/</c> fits together and fits the program, as far as this can be told without the
/// engines that read it.</summary>
public sealed class DeployTests
{
    private static readonly string Deploy = Path.Combine(Repository.Folder, "deploy");
    private static readonly string Chart = Path.Combine(Deploy, "helm", "muster");
    private static readonly IDeserializer Yaml = new DeserializerBuilder().Build();

    [Fact]
    public void The_manifest_of_a_gateway_agrees_with_itself_and_with_the_program()
    {
        var manifests = new Manifests(File.ReadAllText(Path.Combine(Deploy, "kubernetes", "gateway.yaml")));
        manifests.CheckReferences();
        manifests.CheckPods();
    }

    [Theory]
    [InlineData("")]
    [InlineData(
        "gateway: { replicas: 2, secretEnvironment: storage, storageClass: fast, service: LoadBalancer,"
            + " arguments: [--peer-address, 'http://$(POD).survey-gateway:3000', --s3-bucket, surveys] }\n"
            + "nodes: { replicas: 3, storageClass: fast, arguments: [--engine, colmap] }\n"
            + "networkPolicy: { from: [{ namespaceSelector: { matchLabels: { a: b } } }] }"
    )]
    [InlineData("nodes: { replicas: 0 }")]
    public void The_chart_agrees_with_itself_and_with_the_program(string values)
    {
        var manifests = new Manifests(Render("survey", values));
        manifests.CheckReferences();
        manifests.CheckPods();

        // The gateway names each node as the cluster does.
        var (gateway, nodes) = (manifests.Sets[0], manifests.Sets[1]);
        Assert.Equal(
            Enumerable
                .Range(0, nodes.Spec.Replicas!.Value)
                .Select(index => $"{nodes.Metadata.Name}-{index}.{nodes.Spec.ServiceName}"),
            gateway
                .Spec.Template.Spec.Containers[0]
                .Args.Where(word => word.StartsWith("--node=", StringComparison.Ordinal))
                .Select(word => NodeAddress.Parse(word["--node=".Length..].Replace("$(NODE_TOKEN)", "t0")).Url.Host)
        );
    }

    [Fact]
    public void The_chart_without_a_network_policy_makes_none() =>
        Assert.DoesNotContain("NetworkPolicy", Render("survey", "networkPolicy: { enabled: false }"));

    [Fact]
    public void The_charts_notes_name_the_service() =>
        Assert.Contains(
            "http://survey.default:3000",
            HelmTemplate.Render(File.ReadAllText(Path.Combine(Chart, "templates", "NOTES.txt")), "survey", Values(""))
        );

    /// <summary>So a value that is misspelt stops an installation.</summary>
    [Fact]
    public void The_charts_schema_knows_its_values_and_no_others()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Chart, "values.schema.json")));
        Check(schema.RootElement, Values(""), "global");

        static void Check(JsonElement schema, object? value, params string[] beside)
        {
            if (value is not IDictionary<object, object?> keys)
                return;
            Assert.False(schema.GetProperty("additionalProperties").GetBoolean());
            var properties = schema.GetProperty("properties");
            Assert.Equal(
                keys.Keys.Cast<string>().Order(StringComparer.Ordinal),
                properties.EnumerateObject().Select(one => one.Name).Except(beside).Order(StringComparer.Ordinal)
            );
            foreach (var (name, inner) in keys)
                Check(properties.GetProperty((string)name), inner);
        }
    }

    [Fact]
    public void Compose_starts_the_program_with_words_that_it_takes() =>
        Assert.All(
            Directory.GetFiles(Path.Combine(Deploy, "compose"), "*.yaml"),
            file =>
            {
                var compose = (Dictionary<object, object>)Yaml.Deserialize(File.ReadAllText(file))!;
                var services = ((Dictionary<object, object>)compose["services"]).Values.Cast<
                    Dictionary<object, object>
                >();
                Assert.All(
                    services.Where(service => service.ContainsKey("command")),
                    service => Manifests.CheckWords([.. ((List<object>)service["command"]).Cast<string>()])
                );
                var volumes = (Dictionary<object, object>)compose["volumes"];
                Assert.All(
                    services
                        .Where(service => service.ContainsKey("volumes"))
                        .SelectMany(service => (List<object>)service["volumes"]),
                    volume => Assert.Contains(((string)volume).Split(':')[0], volumes.Keys)
                );
            }
        );

    [Fact]
    public void Container_files_start_the_program_with_words_that_it_takes() =>
        Assert.All(
            Directory.GetFiles(Path.Combine(Deploy, "containers")),
            file =>
            {
                var last = File.ReadAllLines(file)[^1];
                Assert.StartsWith("CMD ", last);
                Manifests.CheckWords(JsonSerializer.Deserialize<string[]>(last[4..])!);
            }
        );

    private static string Render(string release, string values)
    {
        var known = Values(values);
        return string.Join(
            "\n---\n",
            Directory
                .GetFiles(Path.Combine(Chart, "templates"), "*.yaml")
                .Order(StringComparer.Ordinal)
                .Select(file => HelmTemplate.Render(File.ReadAllText(file), release, known))
                .Where(text => text.Trim().Length > 0)
        );
    }

    /// <summary>The chart's own values, and over them those of somebody who installs it.</summary>
    private static Dictionary<object, object?> Values(string given)
    {
        var values = Yaml.Deserialize<Dictionary<object, object?>>(
            File.ReadAllText(Path.Combine(Chart, "values.yaml"))
        );
        foreach (var (name, inner) in Yaml.Deserialize<Dictionary<object, object?>>(given) ?? [])
        foreach (var (key, value) in (Dictionary<object, object?>)inner!)
            ((Dictionary<object, object?>)values[name]!)[key] = value;
        return values;
    }
}
