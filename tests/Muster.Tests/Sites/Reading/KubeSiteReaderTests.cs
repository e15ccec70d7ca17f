using Muster.Faults;
using Muster.Sites.Clouds;

namespace Muster.Sites.Reading;

public sealed class KubeSiteReaderTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private const string Lab = """
        sites:
          lab:
            kind: kubernetes
            kubeconfig: /etc/lab/config
            context: lab
            namespace: survey
            image: ghcr.io/example/train:2
            machines: [2cpu-8Gi, { type: 8cpu-32Gi-1gpu, disk: 200 }]
            limit: 7
            disk: 50
            gpu-resource: amd.com/gpu
            node-selector: { pool: gpu }
            tolerations: ["*", pool=batch:NoExecute]
            image-pull-secrets: [registry]
            service-account: runner
            root: /scratch
            tags: { team: survey }
            lease: 20m
            max-life: 2d
            price: 0.5
            currency: EUR
            budget: { month: 100 }
        """;

    private CloudSite Read(string yaml) => Assert.IsType<CloudSite>(_folder.Read(yaml).Get("lab"));

    [Fact]
    public void Every_key_arrives_and_is_written_back_as_the_same_site()
    {
        var site = Read(Lab);
        Check(site);
        SiteWriter.Add(Path.Combine(_folder.Path, "other.yaml"), site with { Name = "again" }, _folder.Sources);
        Check(Read(_folder.Text("other.yaml").Replace("again:", "lab:", StringComparison.Ordinal)));

        static void Check(CloudSite site)
        {
            var cloud = site.Cloud;
            var kube = cloud.Kube!;
            Assert.Equal(CloudProvider.Kubernetes, cloud.Provider);
            Assert.Equal(
                ("/etc/lab/config", "lab", "survey", "amd.com/gpu", "runner", "/scratch", "/scratch"),
                (
                    kube.Kubeconfig,
                    kube.Context,
                    kube.Namespace,
                    kube.GpuResource,
                    kube.ServiceAccount,
                    kube.Root,
                    site.Root
                )
            );
            Assert.Equal([new(null, "2cpu-8Gi"), new(null, "8cpu-32Gi-1gpu", null, 200)], cloud.Machines);
            Assert.Equal([new("", null, null), new("pool", "batch", "NoExecute")], kube.Tolerations);
            Assert.Equal("gpu", kube.NodeSelector["pool"]);
            Assert.Equal("survey", cloud.Tags["team"]);
            Assert.Equal(["registry"], kube.ImagePullSecrets);
            Assert.Equal(
                ("ghcr.io/example/train:2", 7, 50, 0.5m, "EUR"),
                (cloud.Image, cloud.Limit, cloud.DiskGb, cloud.Price, cloud.Currency)
            );
            Assert.Equal((TimeSpan.FromMinutes(20), TimeSpan.FromDays(2)), (cloud.Lease, cloud.MaxLife));
        }
    }

    [Fact]
    public void What_is_left_out_is_usual()
    {
        var site = Read("sites: { lab: { kind: kubernetes, image: ubuntu } }");
        Assert.Equal("/muster", site.Root);
        Assert.Equal([new(null, "1cpu-4Gi")], site.Cloud.Machines);
        Assert.Equal("nvidia.com/gpu", site.Cloud.Kube!.GpuResource);
    }

    [Theory]
    [InlineData("kind: kubernetes", "needs an `image`")]
    [InlineData("kind: kubernetes, image: a, container: b", "stands beside `image`")]
    [InlineData("kind: kubernetes, image: a, runtime: docker", "`runtime` means nothing")]
    [InlineData("kind: kubernetes, image: a, root: ~/x", "`root` must be a full path")]
    [InlineData("kind: kubernetes, image: a, machines: [cx22]", "'cx22' is no size of a pod")]
    [InlineData("kind: kubernetes, image: a, namespace: No_Name", "a name in a cluster")]
    [InlineData("kind: kubernetes, image: a, tolerations: ['a b']", "a taint such as")]
    [InlineData("kind: kubernetes, image: a, price: 2", "`price` needs a `currency`")]
    [InlineData("kind: kubernetes, image: a, lease: 1s", "`lease` must be between")]
    [InlineData("kind: kubernetes, image: a, token: b", "belongs to kind cloud, not kubernetes")]
    [InlineData("kind: kubernetes, image: a, contxt: b", "context")]
    [InlineData("kind: cloud, provider: kubernetes, machines: [a]", "one of: hetzner")]
    public void Every_mistake_is_named(string keys, string says)
    {
        var fault = Assert.ThrowsAny<UserException>(() => Read($"sites: {{ lab: {{ {keys} }} }}"));
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
    }
}
