using System.Net;
using Muster.Faults;
using Muster.Node.Engines;

namespace Muster.Node;

public sealed class NodeConfigTests : IDisposable
{
    private readonly string _folder = TestNode.NewFolder();

    private NodeConfig Read(string json, params IEnumerable<(string Name, string Value)> flags)
    {
        var path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, json);
        return NodeConfig.Read(flags.Append(("config", path)).ToDictionary(flag => flag.Item1, flag => flag.Item2));
    }

    [Fact]
    public void NodeODMs_file_is_read_and_flags_win()
    {
        var settings = Read(
                """
                { // as NodeODM's own
                  "instance": "node-1", "odm_path": "/code", "logger": { "level": "debug", "maxFileSize": 1 }, "port": 3002, "parallelQueueProcessing": 3,
                  "cleanupTasksAfter": 60, "cleanup-uploads-after": 5, "token": "t", "authorizedIps": ["10.0.0.1"], "maxImages": 100, "webhook": "", "maxConcurrency": 4, "maxRuntime": -1, "test": false, "s3Endpoint": "", "s3_acl": "public-read", "s3UploadEverything": false,
                }
                """,
                ("parallel-queue-processing", "2"),
                ("host", "127.0.0.2")
            )
            .Settings("/default");
        Assert.Equal(
            (3002, 2, "t", 100, 4),
            (settings.Port, settings.Parallel, settings.Token, settings.MaxImages, settings.MaxConcurrency)
        );
        Assert.Equal((TimeSpan.FromHours(1), TimeSpan.FromMinutes(5)), (settings.KeepTasks, settings.KeepUploads));
        Assert.Equal(["10.0.0.1"], settings.AuthorizedIps);
        Assert.Null(settings.Bucket);
        Assert.Equal(
            new("s3.example", "b", "k", "s", "private", true, false),
            Read(
                    """{"s3Endpoint": "s3.example", "s3Bucket": "b", "s3AccessKey": "k", "s3SecretKey": "s", "s3ForcePathStyle": true}"""
                )
                .Settings("/default")
                .Bucket
        );
        Assert.Equal(
            (null, null, IPAddress.Parse("127.0.0.2"), "/default"),
            (settings.MaxRuntime, settings.Webhook, settings.Address, settings.Folder)
        );
    }

    [Theory]
    [InlineData(
        """{"parallelQueueProcesing": 2}""",
        "unknown key 'parallelQueueProcesing'; did you mean 'parallel-queue-processing'?"
    )]
    [InlineData("""{"port": "many"}""", "port is 'many', which does not fit")]
    [InlineData("""{"maxImages": 0}""", "max-images is '0', which does not fit")]
    [InlineData("""{"host": "0.0.0.0"}""", "anyone who can reach 0.0.0.0 could use the node")]
    [InlineData(
        """{"host": "0.0.0.0", "token": "", "authorizedIps": ["10.0.0.1"]}""",
        "anyone who can reach 0.0.0.0 could use the node"
    )]
    [InlineData("[]", "holds no JSON object")]
    [InlineData("{", "cannot be read")]
    public void What_is_wrong_is_named(string json, string error) =>
        Assert.Contains(
            error,
            Assert.Throws<UserException>(() => Read(json).Settings("/default")).Message,
            StringComparison.Ordinal
        );

    [Theory, InlineData("""{"host": "0.0.0.0", "token": "t"}"""), InlineData("""{"host": "0.0.0.0", "open": true}""")]
    public void Beyond_this_machine_it_listens_with_a_token_or_when_that_is_said(string json) =>
        Assert.Equal(IPAddress.Any, Read(json).Settings("/default").Address);

    [Fact]
    public async Task Auto_takes_what_works_here_and_says_so()
    {
        var said = new List<string>();
        var engine = await EngineChoice.OpenAsync(
            NodeConfig.Of(new Dictionary<string, string>()),
            new(_folder, new Dictionary<string, string>()),
            said.Add,
            TestNode.Ct
        );
        Assert.Equal(Programs.Find("colmap") is null ? "survey" : "colmap", engine.Name);
        Assert.Single(said);
        var fault = await Assert.ThrowsAsync<UserException>(() =>
            EngineChoice.OpenAsync(
                Read("{}", ("engine", "oddm")),
                new(_folder, new Dictionary<string, string>()),
                said.Add,
                TestNode.Ct
            )
        );
        Assert.Equal("there is no engine 'oddm'; did you mean 'odm'?", fault.Message);
    }

    [Theory]
    [InlineData("nam: x", "unknown key 'nam'; did you mean 'name'?")]
    [InlineData("name: x", "'command' is missing")]
    [InlineData("name: x\ncommand: [a]\nprogress: '('", "the pattern cannot be read")]
    [InlineData(
        "name: x\ncommand: [a]\noptions: [{ name: a, type: number }]",
        "an option needs a name, and a type out of int, float, bool, string, enum, path"
    )]
    public void A_description_that_is_wrong_says_where(string yaml, string error)
    {
        var path = Path.Combine(_folder, "engine.yaml");
        File.WriteAllText(path, yaml);
        Assert.Contains(
            error,
            Assert
                .Throws<UserException>(() =>
                    CommandEngineFile.Read(path, new(_folder, new Dictionary<string, string>()))
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_description_in_the_documentation_can_be_read()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Muster.slnx")))
            folder = folder.Parent!;
        var path = Path.Combine(_folder, "engine.yaml");
        File.WriteAllText(
            path,
            File.ReadAllText(Path.Combine(folder.FullName, "docs", "node.md")).Split("```yaml\n")[1].Split("```")[0]
        );
        var engine = CommandEngineFile.Read(path, new(_folder, new Dictionary<string, string>()));
        Assert.Equal(
            ("pointcloud", "no photo has a position", 3),
            (engine.Name, engine.Errors[7], engine.Options.Count)
        );
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
