using System.Text;
using Muster.Clouds;
using Muster.Clouds.Kubernetes;
using Muster.Faults;
using Muster.Hosts;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>
/// Signing in to a cluster that really speaks TLS: its authority, our certificates, a pod's own account.
/// </summary>
public sealed class KubeCredentialsTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-kube-");
    private readonly World _world = new(TimeProvider.System, seed: 8);
    private readonly KubeAuthority _authority = new();
    private readonly List<KubeCloud> _clouds = [];
    private KubeTls _tls = null!;
    private KubeProvider _cluster = null!;
    private StandIn _server = null!;

    private string Account => Path.Combine(_folder.FullName, "account");

    public async ValueTask InitializeAsync()
    {
        _tls = new(_authority, _authority.ForServer(["127.0.0.1", "kubernetes.default"]));
        _cluster = new(_world) { Tls = _tls, Folder = Path.Combine(_folder.FullName, "pods") };
        _server = await StandIn.StartAsync(_world, _cluster, tls: _tls.Configure);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var cloud in _clouds)
            cloud.Dispose();
        await _server.DisposeAsync();
        _cluster.Dispose();
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private static string Data(string pem) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));

    private string Believed => $"certificate-authority-data: {Data(_authority.Pem)}";

    private static string User((string Certificate, string Key) pair) =>
        $"{{ client-certificate-data: {Data(pair.Certificate)}, client-key-data: {Data(pair.Key)} }}";

    private KubeCloud Cloud(string? user = null, string? cluster = null)
    {
        var kubeconfig = KubeSites.WriteConfig(_folder.FullName, _server.Address, user, cluster: cluster ?? Believed);
        var cloud = new KubeCloud(KubeSites.Settings(_folder.FullName, kubeconfig), TimeProvider.System);
        _clouds.Add(cloud);
        return cloud;
    }

    /// <summary>As inside of a pod, where there is no kubeconfig.</summary>
    private KubeCloud Inside()
    {
        var settings = KubeSites.Settings(_folder.FullName, "") with
        {
            Kube = new() { Root = Path.Combine(_folder.FullName, "root") },
        };
        var cloud = new KubeCloud(
            settings,
            TimeProvider.System,
            () =>
                KubeConfig.Read(
                    settings,
                    name =>
                        name switch
                        {
                            "HOME" => Path.Combine(_folder.FullName, "nobody"),
                            "KUBERNETES_SERVICE_HOST" => _server.Address.Host,
                            "KUBERNETES_SERVICE_PORT" => $"{_server.Address.Port}",
                            _ => null,
                        },
                    Account
                )
        );
        _clouds.Add(cloud);
        return cloud;
    }

    private async Task<CloudException> FaultAsync(KubeCloud cloud)
    {
        var fault = await Assert.ThrowsAsync<CloudException>(() => cloud.GetAsync("lab", "nothing", Ct));
        // Nobody goes on asking with what is wrong.
        Assert.Equal(CloudFault.BadCredentials, fault.Fault);
        return fault;
    }

    /// <summary>Sockets into pods are connections of their own.</summary>
    private static async Task WorksInsideAsync(KubeCloud cloud)
    {
        var order = CloudOrders.New("lab", "1cpu-1Gi", "ubuntu:24.04") with { UserData = """["sleep","600"]""" };
        await cloud.CreateAsync(order, Ct);
        var machine = await cloud.GetAsync("lab", order.Name, Ct);
        var answer = await cloud.HostOf(order.Name, "lab", machine!.PublicAddress!).RunAsync($"echo inside", Ct);
        Assert.Equal("inside\n", answer.Output);
    }

    [Fact]
    public async Task A_pods_account_signs_in_and_its_token_is_read_again_when_it_was_replaced()
    {
        Write("account/ca.crt", _authority.Pem);
        Write("account/namespace", "lab\n");
        Write("account/token", KubeProvider.Token + "\n");
        var cloud = Inside();
        Assert.Empty(await cloud.CheckAsync(Ct));
        Assert.Equal("lab", cloud.Namespace);

        _cluster.Accepted = "standin-token-of-the-next-hour-0123456789";
        Write("account/token", _cluster.Accepted);
        Assert.Null(await cloud.GetAsync("lab", "nothing", Ct));

        _cluster.Accepted = "standin-token-that-nobody-has-0123456789";
        Assert.Contains("Unauthorized", (await FaultAsync(cloud)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_without_an_account_is_told_how_it_gets_one()
    {
        var fault = await Assert.ThrowsAnyAsync<UserException>(() => Inside().GetAsync("lab", "nothing", Ct));
        Assert.Contains("no service account", fault.Message, StringComparison.Ordinal);
        Assert.Contains("serviceAccountName", fault.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_certificate_signs_in_by_data_and_by_files_and_into_pods()
    {
        var pair = _authority.ForUser("lab-user");
        Assert.Empty(await Cloud(User(pair)).CheckAsync(Ct));

        Write("own/cert.pem", pair.Certificate);
        Write("own/key.pem", pair.Key);
        Write("own/ca.pem", _authority.Pem);
        var cloud = Cloud(
            "{ client-certificate: own/cert.pem, client-key: own/key.pem }",
            "certificate-authority: own/ca.pem"
        );
        await WorksInsideAsync(cloud);
    }

    [Fact]
    public async Task Certificates_between_ours_and_its_authority_are_shown_too() =>
        Assert.Empty(await Cloud(User(_authority.ForUser("lab-user", isBelow: true))).CheckAsync(Ct));

    [Fact]
    public async Task A_certificate_that_was_replaced_is_read_again_and_no_other_cluster_is_gone_over_to()
    {
        var cloud = Cloud(User(_authority.ForUser("old")));
        Assert.Null(await cloud.GetAsync("lab", "nothing", Ct));
        _tls.Revoked.Add("old");
        KubeSites.WriteConfig(
            _folder.FullName,
            new("https://127.0.0.1:1/"),
            User(_authority.ForUser("new")),
            cluster: Believed
        );
        Assert.Contains("Unauthorized", (await FaultAsync(cloud)).Message, StringComparison.Ordinal);
        KubeSites.WriteConfig(_folder.FullName, _server.Address, User(_authority.ForUser("new")), cluster: Believed);
        Assert.Null(await cloud.GetAsync("lab", "nothing", Ct));
    }

    [Fact]
    public async Task A_client_certificate_that_is_out_of_date_is_said_before_it_is_shown()
    {
        var now = DateTimeOffset.UtcNow;
        var old = await FaultAsync(Cloud(User(_authority.ForUser("lab-user", until: now.AddDays(-1)))));
        Assert.Contains("the client certificate expired on", old.Message, StringComparison.Ordinal);
        Assert.Contains("new kubeconfig", old.Fix, StringComparison.Ordinal);
        var early = await FaultAsync(Cloud(User(_authority.ForUser("lab-user", from: now.AddDays(1)))));
        Assert.Contains("is valid only from", early.Message, StringComparison.Ordinal);
        Assert.Contains("clock", early.Fix, StringComparison.Ordinal);
        Assert.Empty(_world.Requests);
    }

    [Fact]
    public async Task A_client_certificate_that_the_cluster_does_not_know_is_said_and_so_is_showing_none()
    {
        using var another = new KubeAuthority("another");
        var fault = await FaultAsync(Cloud(User(another.ForUser("lab-user"))));
        Assert.Contains("Unauthorized", fault.Message, StringComparison.Ordinal);
        Assert.Contains("system:anonymous", (await FaultAsync(Cloud("{}"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_and_a_key_that_do_not_belong_together_are_said_without_showing_them()
    {
        var pair = _authority.ForUser("lab-user");
        var mixed = await FaultAsync(Cloud(User((pair.Certificate, _authority.ForUser("lab-user").Key))));
        Assert.Contains("cannot be used", mixed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(pair.Key.Split('\n')[1], mixed.Message, StringComparison.Ordinal);
        var half = await FaultAsync(Cloud($"{{ client-certificate-data: {Data(pair.Certificate)} }}"));
        Assert.Contains("a client certificate without its key", half.Message, StringComparison.Ordinal);
        Assert.Contains("client-key", half.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_that_another_authority_vouches_for_gets_no_token()
    {
        using var another = new KubeAuthority("another");
        var fault = await FaultAsync(Cloud(cluster: $"certificate-authority-data: {Data(another.Pem)}"));
        Assert.Contains(
            "was not issued by its authority but by CN=standin-ca",
            fault.Message,
            StringComparison.Ordinal
        );
        Assert.Contains("man-in-the-middle", fault.Fix, StringComparison.Ordinal);
        // Without one in the file, those of the machine count.
        fault = await FaultAsync(Cloud(cluster: "# none"));
        Assert.Contains("an authority that this machine trusts", fault.Message, StringComparison.Ordinal);
        Assert.Empty(_world.Requests);

        var empty = await FaultAsync(Cloud(cluster: $"certificate-authority-data: {Data("no certificate")}"));
        Assert.Contains("holds no certificate", empty.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_that_was_replaced_is_read_again()
    {
        using var another = new KubeAuthority("another");
        var cloud = Cloud();
        Assert.Null(await cloud.GetAsync("lab", "nothing", Ct));
        _tls.Certificate = another.ForServer(["127.0.0.1"]);
        KubeSites.WriteConfig(
            _folder.FullName,
            _server.Address,
            cluster: $"certificate-authority-data: {Data(another.Pem)}"
        );
        // A connection that is open already goes on; a socket needs one of its own.
        await WorksInsideAsync(cloud);
    }

    [Fact]
    public async Task A_cluster_whose_certificate_has_expired_is_told_from_a_wrong_one()
    {
        _tls.Certificate = _authority.ForServer(["127.0.0.1"], until: DateTimeOffset.UtcNow.AddDays(-1));
        var fault = await FaultAsync(Cloud());
        Assert.Contains("is not valid now", fault.Message, StringComparison.Ordinal);
        Assert.Contains("clock", fault.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_name_in_the_clusters_certificate_may_be_another_than_its_address()
    {
        _tls.Certificate = _authority.ForServer(["api.lab.example.org"]);
        var fault = await FaultAsync(Cloud());
        Assert.Contains("is for api.lab.example.org, not for 127.0.0.1", fault.Message, StringComparison.Ordinal);
        Assert.Contains("tls-server-name", fault.Fix, StringComparison.Ordinal);

        var cloud = Cloud(cluster: $"{Believed}\n    tls-server-name: api.lab.example.org");
        Assert.Empty(await cloud.CheckAsync(Ct));
        await WorksInsideAsync(cloud);
        Assert.Contains("api.lab.example.org", _tls.Asked);

        fault = await FaultAsync(Cloud(cluster: $"{Believed}\n    tls-server-name: api.other.example.org"));
        Assert.Contains("not for api.other.example.org", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_where_the_file_says_so_is_the_clusters_certificate_not_looked_at()
    {
        using var another = new KubeAuthority("another");
        _tls.Certificate = another.ForServer(["api.lab.example.org"]);
        Assert.Empty(await Cloud(cluster: "insecure-skip-tls-verify: true").CheckAsync(Ct));
        var both = await Assert.ThrowsAnyAsync<UserException>(() =>
            Cloud(cluster: $"{Believed}\n    insecure-skip-tls-verify: true").GetAsync("lab", "nothing", Ct)
        );
        Assert.Contains("insecure-skip-tls-verify", both.Message, StringComparison.Ordinal);
    }
}
