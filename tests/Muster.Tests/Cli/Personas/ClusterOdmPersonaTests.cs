using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Muster.Faults;
using Muster.Gateway;

namespace Muster.Cli.Personas;

/// <summary>`muster as clusterodm`, in the folder in which ClusterODM was started.</summary>
public sealed class ClusterOdmPersonaTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-clusterodm-test-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    private ClusterOdmConfig Config(params (string Name, string Value)[] flags) =>
        new(flags.ToDictionary(flag => flag.Name, flag => flag.Value), _folder.FullName);

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    [Fact]
    public void Its_defaults_are_ClusterODMs()
    {
        var options = Config().Options();
        Assert.Equal(
            ("0.0.0.0", 3000, 8080, 10000),
            (options.Bind, options.Port, options.Console!.Port, options.Admin!.Port)
        );
        Assert.Equal(
            ("local", true, 0, true),
            (options.Provider, options.SplitMerge, options.FloodLimit, options.RefuseOverLimit)
        );
        Assert.Null(options.Engine);
        Assert.Contains("open to this machine alone", Config().Warnings().First(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_named_file_wins_over_flags_and_flags_over_the_default_file()
    {
        Write(
            "config-default.json",
            """{"port":4000,"admin-cli-port":0,"token":"d","flood-limit":1,"splitmerge":true}"""
        );
        Write(
            "my.json",
            """{"port":5000,"token":"","flood-limit":"7","public-address":"http://file:1","upload-max-speed":9,"splitmerge":false}"""
        );
        var options = Config(("config", "my.json"), ("port", "6000"), ("admin-cli-port", "6001"), ("token", "t"))
            .Options();
        Assert.Equal(
            (5000, 6001, "", 7, false),
            (options.Port, options.Console!.Port, options.Token, options.FloodLimit, options.SplitMerge)
        );
        Assert.Null(options.PublicAddress); // in no flag and no default: not looked at
        Assert.Equal(0, options.UploadMaxSpeed);
        Assert.Equal(
            new Uri("http://file:1/"),
            Config(("config", "my.json"), ("public-address", "http://flag:2")).Options().PublicAddress
        );
        var flags = Config(("port", "6000"), ("public-address", "http://flag:2")).Options();
        Assert.Equal(
            new Uri("https://b.s3.example/"),
            Config(("downloads-from-s3", "https://b.s3.example")).Options().DownloadsFromS3
        );
        Assert.Equal((6000, "d", new Uri("http://flag:2/")), (flags.Port, flags.Token, flags.PublicAddress));
    }

    [Fact]
    public void Splitmerge_counts_as_there_and_says_so()
    {
        Assert.True(Config(("splitmerge", "true")).Options().SplitMerge);
        Assert.True(Config(("splitmerge", "false")).Options().SplitMerge);
        Assert.Contains(
            Config(("splitmerge", "false")).Warnings(),
            warning => warning.Contains("--no-splitmerge", StringComparison.Ordinal)
        );
        Assert.False(Config(("splitmerge", "")).Options().SplitMerge);
    }

    [Theory]
    [InlineData("lightning", "https://webodm.net/r/"), InlineData("lightningDev", "http://localhost:5000/r/")]
    public void A_provider_is_named_as_there(string name, string url)
    {
        var options = Config(("cloud-provider", name)).Options();
        Assert.Equal(("lightning", new Uri(url)), (options.Provider, options.LightningUrl));
    }

    [Theory]
    [
        InlineData("cloud-provider", "aws"),
        InlineData("port", "many"),
        InlineData("public-address", "somewhere"),
        InlineData("downloads-from-s3", "somewhere")
    ]
    public void What_it_cannot_do_it_says(string flag, string value) =>
        Assert.Contains(
            value,
            Assert.Throws<UserException>(() => Config((flag, value)).Options()).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Downloads_are_sent_where_it_is_told() =>
        Assert.Equal(
            new("https://results.example.org/all/"),
            Config(("downloads-from-s3", "https://results.example.org/all")).Options().DownloadsFromS3
        );

    [Theory]
    [
        InlineData("config-default.json", "nonsense"),
        InlineData("data/nodes.json", "{}"),
        InlineData("data/nodes.json", """[{"hostname":"a b","port":3000}]"""),
        InlineData("data/routes.json", "[]")
    ]
    public void A_damaged_file_is_named(string name, string text)
    {
        Write(name, text);
        Assert.Contains(
            Path.GetFileName(name),
            Assert.Throws<UserException>(() => Config().Options()).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [
        InlineData("--splitmerge"),
        InlineData("--splitmerge", "true", "-p", "1"),
        InlineData("--splitmerge=1", "--no-splitmerge")
    ]
    [InlineData(
        "-p",
        "3001",
        "--admin_cli_port",
        "0",
        "--admin-web-port=0",
        "-c",
        "local",
        "--no_splitmerge",
        "--stale_uploads_timeout",
        "3",
        "--debug",
        "--ssl_key",
        "k",
        "--downloads-from-s3",
        "http://x",
        "--asr",
        "a.json"
    )]
    public void Flags_come_with_dashes_underscores_and_short(params string[] words) =>
        Assert.Empty(MusterCommand.Create([]).Parse(["as", "clusterodm", .. words]).Errors);

    [Fact]
    public async Task It_takes_a_clusters_folder_over_and_serves()
    {
        await using var node = await ScriptedNode.StartAsync();
        var (port, console, admin) = (GatewayProcess.FreePort(), GatewayProcess.FreePort(), GatewayProcess.FreePort());
        var task = Guid.NewGuid();
        Write(
            "config-default.json",
            $$"""{"port":{{port}},"admin-cli-port":{{console}},"admin-web-port":{{admin}},"admin-pass":"pass","token":"t","splitmerge":true,"cloud-provider":"local"}"""
        );
        Write(
            "data/nodes.json",
            $$"""[{"hostname":"127.0.0.1","port":"{{node.Port}}","token":""},{"hostname":"127.0.0.1","port":1,"token":"x","locked":true}]"""
        );
        Write(
            "data/routes.json",
            $$"""{"{{task}}":{"node":{"hostname":"127.0.0.1","port":"{{node.Port}}"},"token":"t","accessed":{{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}} } }"""
        );

        await RunAsync(
            async () =>
            {
                using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}/") };
                Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("info", Ct)).StatusCode);
                Assert.Contains(
                    task.ToString(),
                    await http.GetStringAsync("task/list?token=t", Ct),
                    StringComparison.Ordinal
                );
                Assert.Equal([$"127.0.0.1:{node.Port}", "127.0.0.1:1"], await NodesAsync(admin));
                using var remove = new HttpRequestMessage(
                    HttpMethod.Delete,
                    $"http://127.0.0.1:{admin}/api/v1/nodes/127.0.0.1:1"
                )
                {
                    Headers = { Authorization = Password },
                };
                Assert.Equal(HttpStatusCode.OK, (await http.SendAsync(remove, Ct)).StatusCode);
            },
            port
        );
        // removed is removed, whatever the file says
        await RunAsync(async () => Assert.Equal([$"127.0.0.1:{node.Port}"], await NodesAsync(admin)), port);
    }

    private static readonly System.Net.Http.Headers.AuthenticationHeaderValue Password = new(
        "Basic",
        Convert.ToBase64String("admin:pass"u8)
    );

    private static async Task<IEnumerable<string>> NodesAsync(int admin)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = Password;
        return JsonElement
            .Parse(await http.GetStringAsync($"http://127.0.0.1:{admin}/r/node/list", Ct))
            .EnumerateArray()
            .Select(entry => entry.GetProperty("name").GetString()!)
            .ToList();
    }

    private async Task RunAsync(Func<Task> visit, int port)
    {
        using var process = Process.Start(
            new ProcessStartInfo(MusterProgram.Path, ["as", "clusterodm"])
            {
                WorkingDirectory = _folder.FullName,
                RedirectStandardError = true,
            }
        )!;
        var notes = process.StandardError.ReadToEndAsync(Ct);
        try
        {
            using var http = new HttpClient();
            for (var began = TimeProvider.System.GetTimestamp(); ; await Task.Delay(20, Ct))
            {
                try
                {
                    using var response = await http.GetAsync($"http://127.0.0.1:{port}/healthz", Ct);
                    break;
                }
                catch (HttpRequestException)
                    // it is starting
                    when (!process.HasExited && TimeProvider.System.GetElapsedTime(began) < TestGateway.Patience) { }
            }
            await visit();
        }
        finally
        {
            using var stop = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await process.WaitForExitAsync(Ct);
        }
        Assert.Equal((0, true), (process.ExitCode, (await notes).Contains("stopping", StringComparison.Ordinal)));
    }
}
