using Muster.Configuration;
using Muster.Faults;
using Muster.Sites.Clouds;

namespace Muster.Sites.Reading;

public sealed class CloudSiteReaderTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private const string Hetzner = """
        sites:
          burst:
            kind: cloud
            provider: hetzner
            token: ${HCLOUD_TOKEN}
            machines: [ { images: 100, type: cx22 }, { images: 1000, type: cx42, disk: 80 }, ccx33 ]
            limit: 3
            places: [nbg1, fsn1]
            image: odm-2026
            snapshot: true
            networks: inside
            firewalls: [ssh-only]
            ssh-keys: ["aa:bb:cc"]
            address: private
            swap: 0.5
            gpus: 1
            packages: [docker.io]
            registry: { url: registry.example.org, user: me, password: "${REGISTRY_PASSWORD}" }
            tags: { team: survey, urgent: }
            name-prefix: odm
            boot: 5m
            lease: 20m
            idle: 90s
            max-life: 2d
            attempts: 4
            price: 0.5
            currency: EUR
            budget: { hour: 2, month: 100.5 }
            host-key: first-use
            options: { placement_group: 12, ipv6: false }
        """;

    private CloudSettings Read(string yaml) => Assert.IsType<CloudSite>(_folder.Read(yaml).Get("burst")).Cloud;

    [Fact]
    public void Every_key_arrives_in_the_settings()
    {
        _folder.Environment["HCLOUD_TOKEN"] = "abc";
        var cloud = Read(Hetzner);
        Assert.Equal(("abc", "HCLOUD_TOKEN"), (cloud.Token?.Reveal(), cloud.Token?.Source));
        Assert.Equal([new(100, "cx22"), new(1000, "cx42", null, 80), new(null, "ccx33")], cloud.Machines);
        Assert.Equal(
            (3, "odm-2026", true, MachineAddress.Private),
            (cloud.Limit, cloud.Image, cloud.Snapshot, cloud.Address)
        );
        Assert.Equal(["nbg1", "fsn1"], cloud.Places);
        Assert.Equal(["inside"], cloud.Networks);
        Assert.Equal(["ssh-only"], cloud.Firewalls);
        Assert.Equal(["aa:bb:cc"], cloud.SshKeys);
        Assert.Equal(
            (0.5m, 1, "odm", 4, 0.5m, "EUR"),
            (cloud.Swap, cloud.Gpus, cloud.NamePrefix, cloud.Attempts, cloud.Price, cloud.Currency)
        );
        Assert.Equal(["docker.io"], cloud.Packages);
        Assert.Equal("registry.example.org", cloud.Registry?.Url);
        Assert.True(cloud.Registry?.Password.IsMissing);
        Assert.Equal("", cloud.Tags["urgent"]);
        Assert.Equal(
            (TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(20), TimeSpan.FromSeconds(90), TimeSpan.FromDays(2)),
            (cloud.Boot, cloud.Lease, cloud.Idle, cloud.MaxLife)
        );
        Assert.Equal(new(2, null, 100.5m), cloud.Budget);
        Assert.Equal("first-use", cloud.HostKey);
        Assert.Equal("12", cloud.Options["placement_group"]);
    }

    [Fact]
    public void What_is_read_can_be_written_and_read_again()
    {
        _folder.Environment["HCLOUD_TOKEN"] = "abc";
        var site = Assert.IsType<CloudSite>(_folder.Read(Hetzner).Get("burst"));
        File.Delete(Path.Combine(_folder.Path, ConfigSources.FileName));
        SiteWriter.Add(Path.Combine(_folder.Path, ConfigSources.FileName), site, _folder.Sources);
        var text = _folder.Text(ConfigSources.FileName);
        Assert.DoesNotContain("abc", text, StringComparison.Ordinal);
        Assert.Contains("token: ${HCLOUD_TOKEN}", text, StringComparison.Ordinal);
        SiteWriter.Add(
            Path.Combine(_folder.Path, "again.yaml"),
            ConfigReader.Read(_folder.Sources).Get("burst"),
            _folder.Sources
        );
        Assert.Equal(text, _folder.Text("again.yaml"));
        Assert.Equal(
            site.Cloud.Machines,
            Assert.IsType<CloudSite>(ConfigReader.Read(_folder.Sources).Get("burst")).Cloud.Machines
        );
    }

    [Fact]
    public void A_secret_that_stands_in_the_file_is_not_shown_nor_written_elsewhere()
    {
        var config = _folder.Read(
            "sites:\n  burst: { kind: cloud, provider: hetzner, token: SeCrEt123, machines: cx22 }"
        );
        Assert.DoesNotContain(config.InForce(), setting => setting.Value.Contains("SeCrEt", StringComparison.Ordinal));
        Assert.Equal("line 2 of muster.yaml", ((CloudSite)config.Get("burst")).Cloud.Token?.Source);
        var fault = Assert.Throws<UserException>(() =>
            SiteWriter.Add(Path.Combine(_folder.Path, "other.yaml"), config.Get("burst"), _folder.Sources)
        );
        Assert.Contains("would be stored in the file", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_that_is_not_set_matters_to_who_needs_it_and_to_nobody_else()
    {
        var cloud = Read(
            "sites:\n  burst: { kind: cloud, provider: hetzner, token: '${HCLOUD_TOKEN}', machines: cx22 }"
        );
        var fault = Assert.Throws<UserException>(() => CloudProviders.Open(cloud, TimeProvider.System));
        Assert.Equal("site burst needs HCLOUD_TOKEN, which is not set", fault.Message);
    }

    [Fact]
    public void A_token_is_read_from_a_file_too()
    {
        var path = _folder.Write("token", "abc\n");
        var cloud = Read("sites:\n  burst: { kind: cloud, provider: hetzner, token-file: token, machines: cx22 }");
        Assert.Equal(("abc", path), (cloud.Token?.Reveal(), cloud.Token?.Source));
    }

    [Fact]
    public void The_command_line_makes_the_same_site()
    {
        var site = SiteDraft.Read(
            "burst",
            "cloud",
            [],
            null,
            ["provider=hetzner", "token=${HCLOUD_TOKEN}", "machines=[cx22,cx42]"],
            _folder.Sources
        );
        var cloud = Assert.IsType<CloudSite>(site).Cloud;
        Assert.Equal(["cx22", "cx42"], cloud.Machines.Select(size => size.Type));
        Assert.Equal(["fsn1", "nbg1", "hel1"], cloud.Places);
        Assert.Equal("ubuntu-24.04", cloud.Image);
        Assert.Equal("HCLOUD_TOKEN", cloud.Token?.Source);
    }

    [Theory]
    [InlineData("machines: cx22", "site burst needs a `provider`: hetzner, digitalocean, scaleway, aws, exec")]
    [InlineData("provider: hetzner, token: t", "site burst needs `machines`, such as [cx42]")]
    [InlineData("provider: hetzner, machines: cx22", "site burst needs a `token`, such as ${HCLOUD_TOKEN}")]
    [InlineData(
        "provider: hetzner, token: t t, machines: cx22",
        "the secret has spaces or line breaks in it, which no secret of a provider has"
    )]
    [InlineData(
        "provider: hetzner, token: t, token-file: f, machines: cx22",
        "`token-file` stands beside `token`; remove one of them"
    )]
    [InlineData(
        "provider: hetzner, token: t, machine: cx22, machines: cx22",
        "unknown key 'machine' in site burst; did you mean 'machines'?"
    )]
    [InlineData(
        "provider: hetzner, token: t, machines: cx22, host: a",
        "key 'host' in site burst belongs to kind slurm, not cloud; did you mean 'root'?"
    )]
    [InlineData(
        "provider: hetzner, token: t, machines: cx22, subnets: a",
        "key 'subnets' belongs to provider aws, not hetzner"
    )]
    [InlineData("provider: hetzner, token: t, machines: []", "expected at least one machine")]
    [InlineData(
        "provider: hetzner, token: t, machines: [{ typ: a }]",
        "unknown key 'typ' in machines; did you mean 'type'?"
    )]
    [InlineData("provider: hetzner, token: t, machines: [{ images: 5 }]", "a machine needs a `type`")]
    [InlineData(
        "provider: hetzner, token: t, machines: [{ images: 5, type: a }, { images: 4, type: b }]",
        "machines must be listed from the smallest to the largest: 4 images come after 5"
    )]
    [InlineData(
        "provider: hetzner, token: t, machines: cx22, lease: 15",
        "expected a duration such as 90s, 15m, 10h or 2d, not '15'"
    )]
    [InlineData("provider: hetzner, token: t, machines: cx22, lease: 30s", "`lease` must be between 1m and 1d")]
    [InlineData("provider: hetzner, token: t, machines: cx22, price: 1", "`price` needs a `currency` beside it")]
    [InlineData(
        "provider: hetzner, token: t, machines: cx22, price: -1, currency: EUR",
        "expected a number such as 0.05 or 12, not '-1'"
    )]
    [InlineData(
        "provider: hetzner, token: t, machines: cx22, budget: { mont: 1 }",
        "unknown key 'mont' in budget; did you mean 'month'?"
    )]
    [InlineData(
        "provider: hetzner, token: t, machines: cx22, registry: { url: a }",
        "a registry needs `url`, `user` and `password`"
    )]
    [InlineData(
        "provider: hetzner, token: t, machines: cx22, tags: { muster-x: 1 }",
        "'muster-x' begins with 'muster', which Muster's own marks do"
    )]
    [InlineData(
        "provider: hetzner, token: t, machines: cx22, options: { ipv5: true }",
        "unknown option 'ipv5' for hetzner; did you mean 'ipv4'?"
    )]
    [InlineData(
        "provider: hetzner, token: t, machines: cx22, options: { ipv4: maybe }",
        "option 'ipv4' cannot be 'maybe'"
    )]
    [InlineData(
        "provider: hetzner, token: t, machines: cx22, endpoint: http://example.org/v1",
        "expected an address such as https://api.example.com/v1, not 'http://example.org/v1'"
    )]
    [InlineData(
        "provider: hetzner, token: t, machines: cx22, name-prefix: Odm",
        "expected the beginning of a machine's name: at most 40 small letters, digits and -, beginning with a letter, not 'Odm'"
    )]
    [InlineData(
        "provider: aws, machines: t3.large",
        "site burst needs `places`: locations, regions or zones in the order in which they are tried"
    )]
    [InlineData(
        "provider: aws, machines: t3.large, places: us-east-1, access-key: a",
        "site burst needs both `access-key` and `secret-key`, or neither"
    )]
    [InlineData("provider: scaleway, machines: DEV1-S, token: t", "site burst needs `project`: the id of the project")]
    [InlineData(
        "provider: exec, machines: a, create: [a], list: [a]",
        "site burst needs `destroy`: your command that ends a machine"
    )]
    public void One_mistake_is_told_with_its_line(string keys, string expected) =>
        Assert.Equal(
            $"muster.yaml:2: {expected}",
            Assert.Single(_folder.MistakesIn($"sites:\n  burst: {{ kind: cloud, {keys} }}"))
        );

    [Fact]
    public void All_mistakes_of_a_site_are_told_at_once() =>
        Assert.Equal(
            [
                "muster.yaml:2: site burst needs a `token`, such as ${HCLOUD_TOKEN}",
                "muster.yaml:6: key 'vpc' belongs to provider aws, digitalocean, not hetzner",
                "muster.yaml:7: `boot` must be between 1m and 2h",
                "muster.yaml:8: 'a b' cannot be the key of a label: at most 63 letters, digits, - _ and ., with a letter "
                    + "or a digit at both ends",
            ],
            _folder.MistakesIn(
                """
                sites:
                  burst:
                    kind: cloud
                    provider: hetzner
                    machines: cx22
                    vpc: x
                    boot: 1s
                    tags: { a b: 1 }
                """
            )
        );

    [Fact]
    public void User_data_that_would_disable_the_lease_is_a_mistake_of_the_file()
    {
        _folder.Write("own.yaml", "#cloud-config\nmerge_how: x\n");
        var mistake = Assert.Single(
            _folder.MistakesIn(
                "sites:\n  burst: { kind: cloud, provider: hetzner, token: t, machines: cx22, user-data: own.yaml }"
            )
        );
        Assert.Contains("it sets merge_how", mistake, StringComparison.Ordinal);
    }
}
