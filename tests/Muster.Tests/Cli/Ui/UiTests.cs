using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Muster.Cli.Ui;

/// <summary>The page of one's own runs, as a page asks for it.</summary>
public sealed class UiTests : IAsyncLifetime
{
    private const string Root = "api/v1/";
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("muster-ui-test-");
    private readonly HttpClient _http = new();
    private Process _ui = null!;
    private string _once = "";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _ui = Start("ui", "--no-open");
        var address = (await _ui.StandardOutput.ReadLineAsync(Ct))!;
        Assert.StartsWith("http://localhost:", address, StringComparison.Ordinal);
        (_http.BaseAddress, _once) = (new(address[..address.IndexOf('#')]), address.Split("#k=")[1]);
    }

    [Fact]
    public async Task Its_address_is_good_for_one_page_and_without_its_key_nothing_is_told()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await _http.GetAsync(Root + "sites", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await OnceAsync("guess")).StatusCode);
        await SignInAsync();
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync(Root + "sites", Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await OnceAsync(_once)).StatusCode);
    }

    [Fact]
    public async Task Pages_of_elsewhere_are_refused_whatever_name_leads_here()
    {
        await SignInAsync();
        foreach (
            var (name, value) in ((string, string)[])
                [("Host", "elsewhere.example"), ("Origin", "http://127.0.0.1:6006"), ("Sec-Fetch-Site", "same-site")]
        )
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Root + "session");
            request.Headers.TryAddWithoutValidation(name, value);
            Assert.Equal(HttpStatusCode.Forbidden, (await _http.SendAsync(request, Ct)).StatusCode);
        }
    }

    [Fact]
    public async Task A_run_is_listed_with_its_log_why_it_ended_and_its_results()
    {
        await SignInAsync();
        await RunAsync(
            "submit",
            "--no-snapshot",
            "--name",
            "survey",
            "--",
            "sh",
            "-c",
            "echo hello; echo oh >&2; mkdir $MUSTER_OUT/a; echo 1,2 > $MUSTER_OUT/a/t.csv; "
                + "ln -s /etc/passwd $MUSTER_OUT/link; printf x > $MUSTER_OUT/p.png"
        );
        using var list = await StreamAsync("live");
        var runs = await UntilAsync(list, "runs");
        var run = runs.GetProperty("changed")[0];
        Assert.Equal(
            ("survey", "ended", "succeeded"),
            (
                run.GetProperty("name").GetString(),
                run.GetProperty("state").GetString(),
                run.GetProperty("outcome").GetString()
            )
        );
        var path = $"{Root}runs/{run.GetProperty("id").GetString()}";

        using var log = await StreamAsync($"runs/{run.GetProperty("id").GetString()}/log");
        var texts = new Dictionary<string, string>();
        foreach (var _ in (int[])[1, 2])
        {
            var said = await UntilAsync(log, "log");
            texts[said.GetProperty("log").GetString()!] = said.GetProperty("text").GetString()!;
        }
        Assert.Equal(["hello\n", "oh\n"], texts.Values.Order(StringComparer.Ordinal));
        await UntilAsync(log, "end");
        var why = await JsonAsync(await _http.GetAsync(path + "/why", Ct));
        Assert.Contains("survey succeeded", why.GetProperty("headline").GetString(), StringComparison.Ordinal);

        var fetched = await JsonAsync(await _http.PostAsync(path + "/fetch", null, Ct));
        Assert.StartsWith(_home.FullName, fetched.GetProperty("fetched_to").GetString(), StringComparison.Ordinal);
        var files = (await JsonAsync(await _http.GetAsync(path + "/files", Ct))).GetProperty("files");
        Assert.Equal(["a/t.csv", "p.png"], files.EnumerateArray().Select(file => file.GetProperty("path").GetString()));
        using var picture = await _http.GetAsync(path + "/files/p.png", Ct);
        Assert.Equal("image/png", picture.Content.Headers.ContentType?.MediaType);
        Assert.Equal("1,2\n", await _http.GetStringAsync(path + "/files/a/t.csv", Ct));
        foreach (var other in (string[])["link", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "a"])
            Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync($"{path}/files/{other}", Ct)).StatusCode);
    }

    [Fact]
    public async Task A_run_that_goes_on_is_followed_its_port_is_opened_and_it_is_cancelled()
    {
        await SignInAsync();
        await RunAsync(
            "submit",
            "--no-snapshot",
            "--detach",
            "--name",
            "train",
            "--port",
            "web",
            "--",
            "sh",
            "-c",
            "echo begun; exec python3 -m http.server --bind 127.0.0.1 $MUSTER_PORT_WEB"
        );
        using var list = await StreamAsync("live");
        var run = await UntilRunAsync(list, found => found.GetProperty("ports").GetArrayLength() > 0);
        var id = run.GetProperty("id").GetString();
        using var log = await StreamAsync($"runs/{id}/log");
        Assert.Contains(
            "begun",
            (await UntilAsync(log, "log")).GetProperty("text").GetString(),
            StringComparison.Ordinal
        );
        var rank = run.GetProperty("ports")[0].GetProperty("rank").GetString();
        var opened = await JsonAsync(await _http.PostAsync($"{Root}runs/{id}/ports/{rank}/web", null, Ct));
        Assert.StartsWith("http://127.0.0.1:", opened.GetProperty("url").GetString(), StringComparison.Ordinal);
        using var page = await new HttpClient().GetAsync(opened.GetProperty("url").GetString(), Ct);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await _http.PostAsync($"{Root}runs/{id}/ports/{rank}/other", null, Ct)).StatusCode
        );

        await JsonAsync(await _http.PostAsync($"{Root}runs/{id}/cancel", null, Ct));
        var ended = await UntilRunAsync(list, found => found.GetProperty("state").GetString() == "ended");
        Assert.Equal("cancelled", ended.GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task What_runs_measured_and_used_is_told_and_compared()
    {
        await SignInAsync();
        foreach (var (name, loss) in ((string, string)[])[("one", "0.5"), ("two", "0.25")])
            await RunAsync(
                "submit",
                "--no-snapshot",
                "--name",
                name,
                "--env",
                $"RATE={loss}1",
                "--",
                "sh",
                "-c",
                $"echo 'muster: metric loss=nan step=1'; echo 'muster: metric loss={loss} step=2'; sleep 3"
            );
        using var list = await StreamAsync("live");
        var runs = (await UntilAsync(list, "runs")).GetProperty("changed").EnumerateArray().ToList();
        string IdOf(string name) =>
            runs.Single(run => run.GetProperty("name").GetString() == name).GetProperty("id").GetString()!;
        var query = $"run={IdOf("one")}&run={IdOf("two")}";

        var known = await JsonAsync(await _http.GetAsync($"{Root}compare?{query}&known=1", Ct));
        Assert.Equal(0, known.GetProperty("runs")[0].GetProperty("metrics").GetArrayLength());
        var compared = await JsonAsync(await _http.GetAsync($"{Root}compare?{query}", Ct));
        var metric = compared.GetProperty("runs")[1].GetProperty("metrics")[0];
        Assert.Equal(
            ("loss", true, 0.25, "NaN"),
            (
                metric.GetProperty("name").GetString(),
                metric.GetProperty("less_is_better").GetBoolean(),
                metric.GetProperty("last").GetProperty("value").GetDouble(),
                metric.GetProperty("points")[0].GetProperty("value").GetString()
            )
        );
        var differs = compared.GetProperty("differs").EnumerateArray().Select(name => name.GetString()).ToList();
        Assert.Contains("RATE", differs); // that it differs is said, but what it is stays here
        Assert.DoesNotContain("0.251", compared.GetRawText(), StringComparison.Ordinal);

        var usage = await JsonAsync(await _http.GetAsync($"{Root}runs/{IdOf("one")}/usage", Ct));
        var rank = usage.GetProperty("ranks")[0];
        Assert.Equal("main.0", rank.GetProperty("rank").GetString());
        Assert.True(rank.GetProperty("times").GetArrayLength() > 1);
        Assert.Equal(rank.GetProperty("times").GetArrayLength(), rank.GetProperty("cores").GetArrayLength());

        foreach (var wrong in (string[])["compare", "compare?run=nobody", "runs/nobody/usage"])
            Assert.Equal(HttpStatusCode.BadRequest, (await _http.GetAsync(Root + wrong, Ct)).StatusCode);
    }

    [Fact]
    public async Task A_scene_is_drawn_and_opened_in_a_page_that_can_do_nothing_else()
    {
        await SignInAsync();
        const string cloud =
            "ply\\nformat ascii 1.0\\nelement vertex 2\\nproperty float x\\nproperty float y\\nproperty float z\\n"
            + "end_header\\n0 0 0\\n1 2 3\\n";
        await RunAsync(
            "submit",
            "--no-snapshot",
            "--name",
            "survey",
            "--",
            "sh",
            "-c",
            $"cd $MUSTER_OUT; printf '{cloud}' > points.ply; mkdir linked plots; touch plots/ate.svg; "
                + "cp points.ply linked; touch linked/trajectory.tum; ln -s /etc/passwd linked/keyframes.tum"
        );
        using var list = await StreamAsync("live");
        var id = (await UntilAsync(list, "runs")).GetProperty("changed")[0].GetProperty("id").GetString();
        var path = $"{Root}runs/{id}";
        var fetched = await JsonAsync(await _http.PostAsync(path + "/fetch", null, Ct));
        var folder = fetched.GetProperty("fetched_to").GetString()!;
        if (!File.Exists(Path.Combine(folder, "linked", "keyframes.tum"))) // whoever fetched may leave links out
            File.CreateSymbolicLink(Path.Combine(folder, "linked", "keyframes.tum"), "/etc/passwd");

        var found = await JsonAsync(await _http.GetAsync(path + "/scenes", Ct));
        Assert.Equal(
            ["points.ply", "linked"],
            found.GetProperty("scenes").EnumerateArray().Select(scene => scene.GetProperty("path").GetString())
        );
        Assert.Equal("plots/ate.svg", found.GetProperty("plots")[0].GetString());
        using var picture = await _http.GetAsync(path + "/scenes/picture?path=points.ply", Ct);
        Assert.Equal("image/png", picture.Content.Headers.ContentType?.MediaType);
        foreach (var other in (string[])["linked", "..%2fx.ply", "%2fetc%2fpasswd", ""])
            Assert.Equal(
                HttpStatusCode.BadRequest,
                (await _http.GetAsync($"{path}/scenes/picture?path={other}", Ct)).StatusCode
            );

        var opened = await JsonAsync(
            await _http.PostAsync(
                path + "/scenes/open",
                new StringContent("""{"path":"points.ply"}""", new MediaTypeHeaderValue("application/json")),
                Ct
            )
        );
        var url = opened.GetProperty("url").GetString()!;
        using var stranger = new HttpClient { BaseAddress = _http.BaseAddress };
        using var page = await stranger.GetAsync(url, Ct);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith(
            "sandbox allow-scripts; default-src 'none'; script-src 'sha256-",
            page.Headers.GetValues("Content-Security-Policy").Single(),
            StringComparison.Ordinal
        );
        foreach (
            var wrong in (string[])
                [
                    url[..url.IndexOf("ticket=", StringComparison.Ordinal)],
                    url.Replace("points.ply", "linked", StringComparison.Ordinal),
                ]
        )
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(wrong, Ct)).StatusCode);
    }

    [Fact]
    public async Task Sites_are_listed_and_checked()
    {
        await SignInAsync();
        var sites = (await JsonAsync(await _http.GetAsync(Root + "sites", Ct))).GetProperty("sites");
        Assert.Equal("local", sites[0].GetProperty("kind").GetString());
        var name = sites[0].GetProperty("name").GetString();
        var check = await JsonAsync(await _http.PostAsync($"{Root}sites/{name}/check", null, Ct));
        Assert.True(check.GetProperty("sites")[0].GetProperty("hosts")[0].GetProperty("findings").GetArrayLength() > 0);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await _http.PostAsync($"{Root}sites/nowhere/check", null, Ct)).StatusCode
        );
    }

    private async Task SignInAsync()
    {
        var key = (await JsonAsync(await OnceAsync(_once))).GetProperty("key").GetString();
        _http.DefaultRequestHeaders.Add("X-Muster-Key", key);
    }

    private Task<HttpResponseMessage> OnceAsync(string once) =>
        _http.PostAsync(
            Root + "session",
            new StringContent($$"""{"once":"{{once}}"}""", new MediaTypeHeaderValue("application/json")),
            Ct
        );

    private async Task<Messages> StreamAsync(string path)
    {
        var answer = await _http.GetAsync(Root + path, HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        var parser = SseParser.Create(await answer.Content.ReadAsStreamAsync(Ct));
        return new(answer, parser.EnumerateAsync(Ct).GetAsyncEnumerator(Ct));
    }

    private static async Task<JsonElement> UntilAsync(Messages stream, string kind)
    {
        while (await stream.All.MoveNextAsync())
        {
            if (stream.All.Current.EventType == kind)
                return JsonElement.Parse(stream.All.Current.Data);
            Assert.NotEqual("fault", stream.All.Current.EventType);
        }
        throw new InvalidOperationException($"it ended before it said {kind}");
    }

    private static async Task<JsonElement> UntilRunAsync(Messages stream, Func<JsonElement, bool> fits)
    {
        while (true)
            foreach (var run in (await UntilAsync(stream, "runs")).GetProperty("changed").EnumerateArray())
                if (fits(run))
                    return run;
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }

    private async Task RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var said = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        Assert.True(process.ExitCode == 0, said);
    }

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(MusterProgram.Path, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _home.FullName,
        };
        foreach (var name in (string[])["HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"])
            start.Environment[name] = _home.FullName;
        var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        return process;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_ui.HasExited)
            _ui.Kill();
        await _ui.WaitForExitAsync(CancellationToken.None);
        _ui.Dispose();
        _home.Delete(recursive: true);
    }

    private sealed record Messages(HttpResponseMessage Answer, IAsyncEnumerator<SseItem<string>> All) : IDisposable
    {
        public void Dispose() => Answer.Dispose();
    }
}
