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
        File.WriteAllText(Path.Combine(_odm, "opendm", "config.py"), """
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
            """);
        File.WriteAllText(Path.Combine(_odm, "run.sh"), """
            #!/bin/sh
            [ "$ODM_NONINTERACTIVE" = 1 ] || exit 9
            for word in "$@"; do printf '%s\n' "$word"; project=$word; done
            echo "[INFO]    Running opensfm stage"
            while [ "$1" != --project-path ]; do shift; done
            mkdir -p "$2/$project/odm_report" && echo report >"$2/$project/odm_report/report.pdf"
            """);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.Combine(_odm, "run.sh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
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
            engine.Options.Select(option => JsonSerializer.Serialize(option, OdmJson.Wire.OptionDescription)));
    }

    [Fact]
    public async Task It_is_started_with_a_vector_of_words()
    {
        await using var node = await StartAsync(await OpenAsync());
        const string boundary = """{"type": "Polygon", "note": "$(id) `id` 'x'"}""";
        var form = Photos(("a.jpg", Bytes(2)), ("points.txt", Bytes(2)), ("geo.txt", Bytes(2)), ("align.tif", Bytes(2)), ("image_groups.txt", Bytes(2)));
        form.Add(new StringContent(JsonSerializer.Serialize(new object[] { new { name = "split", value = 100 }, new { name = "dsm", value = true }, new { name = "boundary", value = boundary } })), "options");
        var uuid = (await node.PostAsync("task/new", form)).GetProperty("uuid").GetString()!;
        Assert.Equal(40, Code(await node.EndAsync(uuid)));
        var (data, gcp) = (Path.Combine(node.Settings.Folder, "data"), Path.Combine(node.Settings.Folder, "data", uuid, "gcp"));
        Assert.Equal(
            [
                "--boundary", boundary, "--dsm", "--split", "100", "--pc-ept", "--project-path", data, "--gcp", $"{gcp}/points.txt", "--geo", $"{gcp}/geo.txt",
                "--align", $"{gcp}/align.tif", "--split-image-groups", $"{gcp}/image_groups.txt", uuid, "[INFO]    Running opensfm stage",
            ],
            await node.OutputAsync(uuid));
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
    [InlineData("podman", "podman run --rm --init --name muster-u -v /data:/muster/projects -e ODM_NONINTERACTIVE=1 -w /code --entrypoint /code/run.sh opendronemap/odm --split 5 --project-path /muster/projects u")]
    [InlineData("apptainer", "apptainer exec --bind /data:/muster/projects --env ODM_NONINTERACTIVE=1 --pwd /code docker://opendronemap/odm /code/run.sh --split 5 --project-path /muster/projects u")]
    public void An_image_gets_the_same_words(string runtime, string begins)
    {
        var work = new EngineWork("u", "/data/u", [new("split", JsonSerializer.SerializeToElement(5))], new TaskOutput("/data/u/output"), _ => { }, 0, TimeSpan.Zero);
        Assert.StartsWith(begins, string.Join(' ', new OdmHome.Image("opendronemap/odm", runtime).Command(work).Words), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_odm, recursive: true);
}
