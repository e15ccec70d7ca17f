using System.Diagnostics;
using System.Text.Json;
using Muster.NodeOdm;
using static Muster.Node.TestNode;

namespace Muster.Node.Engines;

/// <summary>Against a folder laid out like an ODM checkout: a run.sh, an option parser in Python, VERSION.</summary>
public sealed class OdmEngineTests : IDisposable
{
    private readonly string _odm = NewFolder();

    public OdmEngineTests()
    {
        Directory.CreateDirectory(Path.Combine(_odm, "opendm"));
        File.WriteAllText(Path.Combine(_odm, "VERSION"), "3.5.9\n");
        File.WriteAllText(Path.Combine(_odm, "opendm", "__init__.py"), "");
        File.WriteAllText(
            Path.Combine(_odm, "opendm", "config.py"),
            """
            import argparse
            parser = argparse.ArgumentParser()
            def config(argv=None):
                print("a banner")
                parser.add_argument('name', nargs='?', help='project')
                parser.add_argument('--project-path', metavar='<path>', help='where')
                parser.add_argument('--video', help='hidden')
                parser.add_argument('--gcp', metavar='<path string>', default=None, help='hidden')
                parser.add_argument('--dsm', action='store_true', default=False, help='Surface. Default: %(default)s')
                parser.add_argument('--split', type=int, default=999999, metavar='<positive integer>', help='split')
                parser.add_argument('--crop', type=float, default=3, metavar='<positive float>', help='crop')
                parser.add_argument('--min-num-features', metavar='<integer>', type=int, help='no default')
                parser.add_argument('--mesh-octree-depth', metavar='<integer: 1 <= x <= 14>', type=int, default=11, help='depth')
                parser.add_argument('--boundary', metavar='<json>', default='', type=str, help='polygon')
                parser.add_argument('-t', '--feature-type', choices=['sift', 'orb'], default='sift', help='%(choices)s')
                parser.add_argument('--end-with', choices=['a', 'b'], default='', help='x')
                parser.add_argument('--pc-ept', action='store_true', default=False, help='ept')
                return parser.parse_args(argv if argv is not None else ['--unknown'])
            """
        );
        File.WriteAllText(
            Path.Combine(_odm, "run.sh"),
            """
            #!/bin/sh
            [ "$ODM_NONINTERACTIVE" = 1 ] || exit 9
            for word in "$@"; do printf '%s\n' "$word"; project=$word; done
            echo "[INFO]    Running opensfm stage"
            while [ "$1" != --project-path ]; do shift; done
            mkdir -p "$2/$project/odm_report" && echo report >"$2/$project/odm_report/report.pdf"
            """
        );
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(
                Path.Combine(_odm, "run.sh"),
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            );
    }

    private Task<OdmEngine> OpenAsync() => OdmEngine.OpenAsync(new OdmHome.Local(_odm), Ct);

    [Fact]
    public async Task Its_own_parser_says_what_the_options_are()
    {
        var engine = await OpenAsync();
        Assert.Equal(("odm", "3.5.9"), (engine.Name, engine.Version));
        Assert.Equal(
            [
                """{"name":"boundary","type":"string","value":"","domain":"json","help":"polygon"}""",
                """{"name":"crop","type":"float","value":"3","domain":"positive float","help":"crop"}""",
                """{"name":"dsm","type":"bool","value":"false","domain":"","help":"Surface. Default: %(default)s"}""",
                """{"name":"end-with","type":"enum","value":"","domain":["","a","b"],"help":"x"}""",
                """{"name":"feature-type","type":"enum","value":"sift","domain":["sift","orb"],"help":"%(choices)s"}""",
                """{"name":"mesh-octree-depth","type":"int","value":"11","domain":"integer: 1 <= x <= 14","help":"depth"}""",
                """{"name":"min-num-features","type":"int","value":"0","domain":"integer","help":"no default"}""",
                """{"name":"pc-ept","type":"bool","value":"false","domain":"","help":"ept"}""",
                """{"name":"split","type":"int","value":"999999","domain":"positive integer","help":"split"}""",
            ],
            engine.Options.Select(option => JsonSerializer.Serialize(option, OdmJson.Wire.OptionDescription))
        );
    }

    [Fact]
    public async Task A_node_answers_before_its_engine_has_told_its_options()
    {
        // Like the parser of a busy machine: it takes until somebody lets it go on.
        var config = Path.Combine(_odm, "opendm", "config.py");
        File.WriteAllText(
            config,
            $"import os, time\nwhile not os.path.exists('{_odm}/go'): time.sleep(0.05)\n{File.ReadAllText(config)}"
        );
        var port = Gateway.GatewayProcess.FreePort();
        using var node = Run(port);
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}/") };
        Assert.Contains("starting", await node.StandardError.ReadLineAsync(Ct), StringComparison.Ordinal);
        async Task<JsonElement> GetAsync(string path) => JsonElement.Parse(await http.GetStringAsync(path, Ct));
        var info = await GetAsync("info");
        Assert.Equal(
            ("?", "?", 0),
            (
                info.GetProperty("engine").GetString(),
                info.GetProperty("engineVersion").GetString(),
                info.GetProperty("maxParallelTasks").GetInt32()
            )
        );
        Assert.Contains(
            "starting",
            (await GetAsync("options")).GetProperty("error").GetString(),
            StringComparison.Ordinal
        );
        Assert.Equal(0, (await GetAsync("task/list")).GetArrayLength());

        var init = http.PostAsync(
            "task/new/init",
            Form(("name", "patient"), ("options", """[{"name":"crop","value":5}]""")),
            Ct
        );
        await File.WriteAllTextAsync(Path.Combine(_odm, "go"), "", Ct);
        Assert.True(JsonElement.Parse(await (await init).Content.ReadAsStringAsync(Ct)).TryGetProperty("uuid", out _));
        Assert.Equal("odm", (await GetAsync("info")).GetProperty("engine").GetString());
        Assert.Equal(9, (await GetAsync("options")).GetArrayLength());
        using (var kill = Process.Start("kill", $"-TERM {node.Id}"))
            await kill.WaitForExitAsync(Ct);
        await node.WaitForExitAsync(Ct);
        Assert.Equal(0, node.ExitCode);
    }

    [Fact]
    public async Task A_node_whose_engine_cannot_tell_its_options_ends_and_says_why()
    {
        File.WriteAllText(Path.Combine(_odm, "opendm", "config.py"), "raise RuntimeError('no numpy here')");
        using var node = Run(Gateway.GatewayProcess.FreePort());
        var said = await node.StandardError.ReadToEndAsync(Ct);
        await node.WaitForExitAsync(Ct);
        Assert.Equal(1, node.ExitCode);
        Assert.Contains("no numpy here", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_cannot_wait_for_the_engine_is_told_that_it_starts()
    {
        var opening = new TaskCompletionSource<IEngine>();
        await using var node = await StartAsync(opening.Task, TimeSpan.FromMilliseconds(50));
        foreach (
            var (path, form) in ((string, MultipartFormDataContent)[])
                [("task/new/init", Form(("name", "x"))), ("task/new", Photos(("a.jpg", Bytes(10))))]
        )
        {
            var refusal = await node.PostAsync(path, form);
            Assert.StartsWith(
                "This node is starting",
                refusal.GetProperty("error").GetString(),
                StringComparison.Ordinal
            );
            Assert.False(refusal.TryGetProperty("noRetry", out var final) && final.GetBoolean());
        }
        opening.SetResult(new TestEngine(new()));
        Assert.Equal(40, Code(await node.EndAsync(await node.CommitAsync())));
    }

    private Process Run(int port)
    {
        var start = new ProcessStartInfo(
            MusterProgram.Path,
            [
                "node",
                "--engine",
                "odm",
                "--odm-path",
                _odm,
                "--port",
                $"{port}",
                "--data-dir",
                Path.Combine(_odm, "data"),
            ]
        )
        {
            RedirectStandardError = true,
            WorkingDirectory = _odm,
        };
        start.Environment["HOME"] = start.Environment["XDG_STATE_HOME"] = _odm;
        return Process.Start(start)!;
    }

    [Fact]
    public async Task It_is_started_with_a_vector_of_words()
    {
        await using var node = await StartAsync(await OpenAsync());
        const string boundary = """{"type": "Polygon", "note": "$(id) `id` 'x'"}""";
        var form = Photos(
            ("a.jpg", Bytes(2)),
            ("points.txt", Bytes(2)),
            ("geo.txt", Bytes(2)),
            ("align.tif", Bytes(2)),
            ("image_groups.txt", Bytes(2))
        );
        form.Add(
            new StringContent(
                JsonSerializer.Serialize(
                    new object[]
                    {
                        new { name = "split", value = 100 },
                        new { name = "dsm", value = true },
                        new { name = "boundary", value = boundary },
                    }
                )
            ),
            "options"
        );
        var uuid = (await node.PostAsync("task/new", form)).GetProperty("uuid").GetString()!;
        Assert.Equal(40, Code(await node.EndAsync(uuid)));
        var (data, gcp) = (
            Path.Combine(node.Settings.Folder, "data"),
            Path.Combine(node.Settings.Folder, "data", uuid, "gcp")
        );
        Assert.Equal(
            [
                "--boundary",
                boundary,
                "--dsm",
                "--split",
                "100",
                "--pc-ept",
                "--project-path",
                data,
                "--gcp",
                $"{gcp}/points.txt",
                "--geo",
                $"{gcp}/geo.txt",
                "--align",
                $"{gcp}/align.tif",
                "--split-image-groups",
                $"{gcp}/image_groups.txt",
                uuid,
                "[INFO]    Running opensfm stage",
            ],
            await node.OutputAsync(uuid)
        );
    }

    [Fact]
    public async Task Options_that_cannot_be_read_stop_the_start()
    {
        await File.WriteAllTextAsync(Path.Combine(_odm, "opendm", "config.py"), "import a_module_that_is_missing", Ct);
        var fault = await Assert.ThrowsAsync<Faults.UserException>(OpenAsync);
        Assert.Contains("a_module_that_is_missing", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("docker", "docker run --rm --init --name muster-u --user ")]
    [InlineData(
        "podman",
        "podman run --rm --init --name muster-u -v /data:/muster/projects -e ODM_NONINTERACTIVE=1 -w /code "
            + "--entrypoint /code/run.sh opendronemap/odm --split 5 --project-path /muster/projects u"
    )]
    [InlineData(
        "apptainer",
        "apptainer exec --bind /data:/muster/projects --env ODM_NONINTERACTIVE=1 --pwd /code docker://opendronemap/odm "
            + "/code/run.sh --split 5 --project-path /muster/projects u"
    )]
    public void An_image_gets_the_same_words(string runtime, string begins) =>
        Assert.StartsWith(begins, InImage(runtime, hasGpus: false), StringComparison.Ordinal);

    [Theory]
    [InlineData("docker", " --gpus all ")]
    [InlineData("podman", " --device nvidia.com/gpu=all ")]
    [InlineData("apptainer", " exec --nv ")]
    public void An_image_sees_the_GPUs_that_its_node_was_given(string runtime, string words)
    {
        Assert.Contains(words, InImage(runtime, hasGpus: true), StringComparison.Ordinal);
        Assert.DoesNotContain(words, InImage(runtime, hasGpus: false), StringComparison.Ordinal);
    }

    private static string InImage(string runtime, bool hasGpus)
    {
        var work = new EngineWork(
            "u",
            "/data/u",
            [new("split", JsonSerializer.SerializeToElement(5))],
            new TaskOutput("/data/u/output"),
            _ => { },
            0,
            TimeSpan.Zero
        );
        var image = new OdmHome.Image("opendronemap/odm", runtime) { HasGpus = hasGpus };
        return string.Join(' ', image.Command(work).Words);
    }

    public void Dispose() => Directory.Delete(_odm, recursive: true);
}
