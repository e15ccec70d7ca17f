using Muster.Configuration;
using Muster.Faults;
using Muster.Sites.Clouds;
using Muster.Sites.Import;
using Muster.Sites.Reading;

namespace Muster.Sites;

public sealed class AsrFileTests : IDisposable
{
    private const string S3 =
        """ "s3": { "accessKey": "K", "secretKey": "S", "endpoint": "fra1.example.com", "bucket": "results", }, """;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-asr-");

    public void Dispose() => _folder.Delete(recursive: true);

    private ConfigSources Sources => new(_folder.FullName, new Dictionary<string, string>());

    private AsrFile Read(string text)
    {
        var path = Path.Combine(_folder.FullName, "burst.json");
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return AsrFile.Read("burst.json", Sources);
    }

    private string Refused(string text) => Assert.Throws<UserException>(() => Read(text)).Message;

    [Fact]
    public void Every_key_of_DigitalOceans_file_has_its_place()
    {
        var file = Read(
            $$"""
            { "provider": "digitalocean", "accessToken": "dop_v1_secret", "region": ["nyc3", "fra1"], "image": "nodeodm-image",
              "snapshot": true, "maxRuntime": 7200, "maxUploadTime": "600", "dropletsLimit": 3, "createRetries": 5, "minImages": 10,
              "imageSizeMapping": [ {"maxImages": 1000, "slug": "s-8vcpu-32gb"}, {"maxImages": "50", "slug": "s-4vcpu-8gb"}, ],
              "addSwap": 0.5, "dockerImage": "opendronemap/nodeodm:gpu", "dockerGpu": true,
              "dockerRegistry": {"username": "me", "password": "pw", "url": "registry.example.com"},
              "engineInstallUrl": "\"https://releases.example.com/install.sh\"", "tags": ["clusterodm", "team:survey"],
              "monitoring": true, "sshKey": {"fingerprint": "aa:bb", "path": "id_rsa"}, {{S3}} "colour": 1, }
            """
        );

        var cloud = file.Site.Cloud;
        Assert.Equal(("burst", CloudProvider.DigitalOcean), (file.Site.Name, cloud.Provider));
        Assert.Equal("dop_v1_secret", cloud.Token?.Reveal());
        Assert.Equal("burst.json: accessToken", cloud.Token?.Source);
        Assert.Equal(["nyc3", "fra1"], cloud.Places);
        Assert.Equal(("nodeodm-image", true), (cloud.Image, cloud.Snapshot));
        Assert.Equal((TimeSpan.FromHours(2), TimeSpan.FromMinutes(10)), (cloud.MaxLife, cloud.Idle));
        Assert.Equal((3, 5, 10), (cloud.Limit, cloud.Attempts, file.MinImages));
        Assert.Equal([new(50, "s-4vcpu-8gb"), new(1000, "s-8vcpu-32gb")], cloud.Machines);
        Assert.Equal((0.5m, 1), (cloud.Swap, cloud.Gpus));
        Assert.Equal("opendronemap/nodeodm:gpu", file.NodeImage);
        Assert.Equal(
            ("registry.example.com", "me", "pw"),
            (cloud.Registry?.Url, cloud.Registry?.User, cloud.Registry?.Password.Reveal())
        );
        Assert.Equal("https://releases.example.com/install.sh", cloud.EngineScript);
        Assert.Equal(new() { ["clusterodm"] = "", ["team"] = "survey" }, cloud.Tags.ToDictionary());
        Assert.Equal("true", cloud.Options["monitoring"]);
        Assert.Equal(["aa:bb"], cloud.SshKeys);
        Assert.Equal(Path.Combine(_folder.FullName, "id_rsa"), cloud.SshKeyFile);
        Assert.Equal("clusterodm", cloud.NamePrefix);
        Assert.Equal(
            ("fra1.example.com", "results", "K", "S"),
            (file.Results.Endpoint, file.Results.Bucket, file.Results.AccessKey, file.Results.SecretKey)
        );
        Assert.Null(file.Results.Acl);
        Assert.Equal("burst.json: ignored 'colour'", Assert.Single(file.Warnings));
    }

    [Fact]
    public void What_Hetzners_file_leaves_out_is_as_it_was()
    {
        var file = Read($$"""{ "provider": "hetzner", "apiToken": "T", "image": "ubuntu-18.04", {{S3}} }""");

        var cloud = file.Site.Cloud;
        Assert.Equal(["fsn1"], cloud.Places);
        Assert.Equal([new(5, "cx11"), new(50, "cx21")], cloud.Machines);
        Assert.Equal((false, 1m, 0, 1), (cloud.Snapshot, cloud.Swap, cloud.Gpus, cloud.Attempts));
        Assert.Equal((20, (int?)null), (cloud.Limit, file.MinImages));
        Assert.Equal("opendronemap/nodeodm", file.NodeImage);
        Assert.Empty(cloud.Tags);
        Assert.Contains("machinesLimit", Assert.Single(file.Warnings));
        Assert.Equal(
            new CloudSettings
            {
                Site = "",
                Provider = CloudProvider.Hetzner,
                Folder = "",
                Machines = [],
                Limit = 1,
                Image = "",
            }.MaxLife,
            cloud.MaxLife
        );
    }

    [Fact]
    public void Scaleways_organization_is_its_project_and_old_zones_have_their_new_names()
    {
        var cloud = Read(
            $$"""
            { "provider": "scaleway", "organization": "1f2e", "secretToken": "T", "region": ["par1", "ams1", "pl-waw-2"],
              "machinesLimit": 2, {{S3}} }
            """
        ).Site.Cloud;

        Assert.Equal(("1f2e", "T"), (cloud.Project, cloud.Token?.Reveal()));
        Assert.Equal(["fr-par-1", "nl-ams-1", "pl-waw-2"], cloud.Places);
        Assert.Equal([new(5, "GP1-XS"), new(50, "GP1-S")], cloud.Machines);
        Assert.Equal("ubuntu-xenial", cloud.Image);
        Assert.Equal(3, cloud.Attempts); // one round over all places
    }

    [Fact]
    public void Every_key_of_AWSs_file_has_its_place()
    {
        var file = Read(
            """
            { "provider": "aws", "accessKey": "AKIA", "secretKey": "SECRET", "region": ["us-west-2", "eu-central-1"], "zone": "b",
              "vpc": "vpc-1", "subnet": "subnet-1", "securityGroup": "clusterodm", "ami": "ami-1", "iamrole": "nodes",
              "instanceLimit": "4", "spot": true, "usePrivateAddress": true, "assignPrivateAddressOnly": true, "monitoring": true,
              "imageSizeMapping": [ {"maxImages": 5, "slug": "t2.micro", "spotPrice": "0.05", "storage": 60}, {"maxImages": 9, "slug": "t3.large"} ],
              "tags": ["type,clusterodm", "odd"], "nodeSetupCmd": "mkfs.ext4 /dev/nvme1n1", "dockerDataDirMountPath": "/mnt/data",
              "sshKey": {"path": "/keys/id"}, "s3": { "endpoint": "s3.us-west-2.amazonaws.com", "bucket": "b", "acl": "none" } }
            """
        );

        var cloud = file.Site.Cloud;
        Assert.Equal(("AKIA", "SECRET"), (cloud.AccessKey?.Reveal(), cloud.SecretKey?.Reveal()));
        Assert.Equal(["us-west-2b", "eu-central-1b"], cloud.Places);
        Assert.Equal(
            ("vpc-1", "subnet-1", "clusterodm", "nodes", "ami-1", "ubuntu"),
            (cloud.Vpc, cloud.Subnets.Single(), cloud.SecurityGroups.Single(), cloud.Role, cloud.Image, cloud.SshUser)
        );
        Assert.Equal((4, true, MachineAddress.Private), (cloud.Limit, cloud.Spot, cloud.Address));
        Assert.Equal(new() { ["monitoring"] = "true", ["public-ip"] = "false" }, cloud.Options.ToDictionary());
        Assert.Equal([new(5, "t2.micro", 0.05m, 60), new(9, "t3.large", null, 16)], cloud.Machines);
        Assert.Equal(new() { ["type"] = "clusterodm", ["odd"] = "" }, cloud.Tags.ToDictionary());
        Assert.Equal(["mkfs.ext4 /dev/nvme1n1"], file.Site.Setup);
        Assert.Equal("/mnt/data", file.DataFolder);
        Assert.Equal((null, "AKIA", "SECRET"), (file.Results.Acl, file.Results.AccessKey, file.Results.SecretKey));
        Assert.Empty(file.Warnings);
    }

    [Fact]
    public void Without_keys_AWSs_own_chain_is_taken_and_the_ACL_is_the_old_one()
    {
        var file = Read(
            """
            { "provider": "aws", "accessKey": "", "secretKey": "", "securityGroup": "g", "instanceLimit": 1, "dataDirMountPath": "/d",
              "usePrivateAddress": true, "s3": { "endpoint": "e", "bucket": "b" } }
            """
        );

        Assert.Null(file.Site.Cloud.AccessKey);
        Assert.Equal("public-read", file.Results.Acl);
        Assert.Equal("/d", file.DataFolder);
        Assert.Equal(["us-west-2"], file.Site.Cloud.Places);
        Assert.Equal("true", file.Site.Cloud.Options["public-ip"]);
    }

    [Fact]
    public void All_mistakes_are_said_at_once()
    {
        var said = Refused(
            """
            { "provider": "hetzner", "apiToken": "CHANGEME!", "dockerGpu": "perhaps", "addSwap": "much", "machinesLimit": 1,
              "imageSizeMapping": [ {"maxImages": 5} ], "s3": { "accessKey": "CHANGEME", "secretKey": "S", "endpoint": "e" } }
            """
        );

        foreach (
            var part in (string[])
                [
                    "'apiToken' is still CHANGEME!",
                    "'image' is missing",
                    "'dockerGpu' is not true or false",
                    "'addSwap' is 'much', not a number",
                    "imageSizeMapping needs",
                    "'s3.accessKey' is still CHANGEME",
                    "'s3.bucket' is missing",
                ]
        )
            Assert.Contains(part, said);
    }

    [Fact]
    public void An_unknown_provider_and_a_reserved_tag_are_refused()
    {
        Assert.Contains("did you mean 'hetzner'", Refused($$"""{ "provider": "hetzer", {{S3}} }"""));
        Assert.Contains(
            "begins with 'muster'",
            Refused($$"""{ "provider": "digitalocean", "accessToken": "T", "tags": ["muster:x"], {{S3}} }""")
        );
        Assert.Contains("not JSON", Refused("{ \"provider\": "));
        Assert.Contains("not an autoscaler's file", Refused("{}"));
    }

    [Fact]
    public void Secrets_are_not_written_and_the_variables_for_them_are_named()
    {
        var file = Read(
            $$"""
            { "provider": "hetzner", "apiToken": "top-secret", "image": "i",
              "dockerRegistry": {"username": "me", "password": "hidden-too", "url": "r"}, {{S3}} }
            """
        );

        var (site, notes) = AsrFile.ToBeWritten(file.Site);
        var cloud = site.Cloud;

        Assert.Equal(("HCLOUD_TOKEN", "REGISTRY_PASSWORD"), (cloud.Token?.Source, cloud.Registry?.Password.Source));
        Assert.Equal(2, notes.Count);
        Assert.StartsWith("set HCLOUD_TOKEN to what stands in burst.json: apiToken", notes[0]);
        Assert.DoesNotContain(notes, note => note.Contains("secret,") || note.Contains("hidden"));
    }

    [Theory]
    [InlineData("""{ "provider": "digitalocean", "accessToken": "T", "tags": ["a", "b:c"], """)]
    [InlineData("""{ "provider": "hetzner", "apiToken": "T", "image": "ubuntu-24.04", "snapshot": true, """)]
    [InlineData(
        """{ "provider": "scaleway", "secretToken": "T", "organization": "1f2e", "region": ["par1", "ams1"], """
    )]
    [InlineData(
        """
            { "provider": "aws", "accessKey": "A", "secretKey": "S", "securityGroup": "g", "spot": true, "usePrivateAddress": true,
              "nodeSetupCmd": "mount /dev/x /mnt",
            """
    )]
    public void It_is_written_as_a_site_without_its_secrets_and_read_back(string keys)
    {
        var file = Read($"{keys} {S3} }}");
        var (site, _) = AsrFile.ToBeWritten(file.Site);
        var text = "sites:\n" + string.Concat(SiteYaml.Lines(site).Select(line => $"  {line}\n"));
        File.WriteAllText(Path.Combine(_folder.FullName, "muster.yaml"), text);
        var variables = site.Cloud.Secrets.ToDictionary(secret => secret.Source, secret => secret.Reveal());

        var again = Assert.IsType<CloudSite>(ConfigReader.Read(new(_folder.FullName, variables)).Get("burst"));

        Assert.Equal(SiteYaml.Lines(site), SiteYaml.Lines(again));
        Assert.Equal(
            file.Site.Cloud.Secrets.Select(secret => secret.Reveal()),
            again.Cloud.Secrets.Select(secret => secret.Reveal())
        );
    }

    [Fact]
    public void A_file_that_others_can_read_is_warned_about()
    {
        if (OperatingSystem.IsWindows())
            return;
        Read($$"""{ "provider": "hetzner", "apiToken": "T", "image": "i", "machinesLimit": 1, {{S3}} }""");
        var path = Path.Combine(_folder.FullName, "burst.json");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.OtherRead);

        Assert.Contains("chmod 600", Assert.Single(AsrFile.Read(path, Sources).Warnings));
    }
}
