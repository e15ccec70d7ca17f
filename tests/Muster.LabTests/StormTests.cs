using System.Diagnostics;
using System.Text.Json;

namespace Muster;

/// <summary>Promises 1 to 3 under fire. MUSTER_SOAK=1 runs the long form.</summary>
public sealed class StormTests : IDisposable
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("MUSTER_SOAK") == "1";
    private readonly Lab _lab = new();

    public void Dispose()
    {
        Lab.Do("mend", "node2");
        _lab.Dispose();
    }

    [Theory]
    [InlineData("lab-ssh", "node2")]
    [InlineData("lab-slurm", "login")]
    public void Killed_at_any_moment_of_submit_a_run_exists_once_or_not_at_all(string site, string host)
    {
        string[] place = site == "lab-ssh" ? ["--host", host] : [];
        var random = new Random(7);
        Lab.On(host, "rm -rf storm; mkdir storm");
        _lab.Muster(["submit", "-s", site, .. place, "--", "true"]);   // the way is warm: kills fall on every step
        for (var i = 0; i < 100; i++)
        {
            File.WriteAllText(Path.Combine(_lab.Code, "file"), $"edit {i}\n");
            using var process = _lab.Start(["submit", "-s", site, .. place, "--detach", "--name", $"storm-{i}", "--", "sh", "-c", "echo once >> ~/storm/$MUSTER_RUN_ID"]);
            process.WaitForExit(random.Next(20, 600));
            if (!process.HasExited) process.Kill();
            process.WaitForExit();
        }

        // What was launched ends; what was not says so.
        var settled = new Dictionary<string, JsonElement>();
        Lab.Until(() =>
        {
            settled = Runs().ToDictionary(run => run.GetProperty("id").GetString()!);
            return settled.Values.All(run => run.GetProperty("state").GetString() is "ended" || run.GetProperty("interrupted").GetBoolean());
        }, "all launched runs end", 90);
        var marks = Lab.On(host, "cd storm && for mark in *; do [ ! -f \"$mark\" ] || echo \"$mark $(wc -l < \"$mark\")\"; done").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(marks, mark => Assert.EndsWith(" 1", mark, StringComparison.Ordinal));
        var ran = marks.Select(mark => mark.Split(' ')[0]).ToHashSet();
        foreach (var (id, run) in settled.Where(run => run.Value.GetProperty("name").GetString()!.StartsWith("storm-", StringComparison.Ordinal)))
        {
            var succeeded = run.TryGetProperty("outcome", out var outcome) && outcome.GetString() == "succeeded";
            Assert.True(succeeded == ran.Contains(id), $"{id} {(ran.Contains(id) ? "ran" : "did not run")}, and ps says {run}");
        }
        Assert.NotEmpty(ran);
    }

    [Fact]
    public async Task A_follower_through_breaks_shows_every_byte_once_and_keeps_its_port()
    {
        var breaks = Soak ? 50 : 5;
        var seconds = breaks * 7;
        using var process = _lab.Start("submit", "-s", "lab-ssh", "--host", "node2", "--name", "long", "--port", "web", "--json", "--", "sh", "-c",
            $"(cd $MUSTER_OUT && exec python3 -m http.server --bind 127.0.0.1 $MUSTER_PORT_WEB >/dev/null 2>&1) & i=0; end=$(($(date +%s) + {seconds})); while [ $(date +%s) -lt $end ]; do i=$((i+1)); printf 'line %d \\377\\n' $i; [ $((i % 7)) != 0 ] || sleep 0.2; sleep 0.02; done; echo last");
        var shown = new MemoryStream();
        var states = new List<string>();
        string? url = null;
        var reading = Task.Run(() =>
        {
            while (process.StandardOutput.ReadLine() is { } line)
            {
                var happening = JsonDocument.Parse(line).RootElement;
                if (happening.TryGetProperty("log", out var log) && log.GetString() == "main.0.out")
                {
                    Assert.Equal(shown.Length, happening.GetProperty("offset").GetInt64());
                    shown.Write(happening.TryGetProperty("text", out var text) ? System.Text.Encoding.UTF8.GetBytes(text.GetString()!) : happening.GetProperty("bytes").GetBytesFromBase64());
                }
                if (happening.TryGetProperty("run", out var run)) lock (states) states.Add(run.GetProperty("state").GetString()!);
                if (happening.TryGetProperty("url", out var address))
                {
                    Assert.True(url is null || url == address.GetString());
                    url = address.GetString();
                }
            }
        }, TestContext.Current.CancellationToken);
        Lab.Until(() => url is not null, "the port is reported");
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        bool Answers()
        {
            try { return http.Send(new(HttpMethod.Get, url)).IsSuccessStatusCode; }
            catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException) { return false; }
        }
        var slowest = (Seconds: 0.0, After: "");
        string[] faults = ["cut", "sessions", "reset", "sshd", "freeze"];
        var random = new Random(3);
        for (var i = 0; i < breaks; i++)
        {
            Lab.Do("fault", faults[i % faults.Length], "node2");
            var until = Stopwatch.GetTimestamp();
            var length = random.Next(500, 5000);
            Lab.Until(() => Stopwatch.GetElapsedTime(until).TotalMilliseconds > length, "the break is over");
            Lab.Do("mend", "node2");
            var mended = Stopwatch.GetTimestamp();
            Lab.Until(Answers, $"the port answers again after '{faults[i % faults.Length]}'", 20);
            lock (states) Assert.DoesNotContain("ended", states);
            if (Stopwatch.GetElapsedTime(mended).TotalSeconds is var took && took > slowest.Seconds) slowest = (took, faults[i % faults.Length]);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"the port answered at the latest {slowest.Seconds:0.0} s after the mend (of '{slowest.After}')");
        Lab.Until(() => process.HasExited, "the follower ends with the run", seconds + 60);
        await reading;
        Assert.Equal(0, process.ExitCode);
        var id = SubmitTests.Show(_lab, "long").GetProperty("id").GetString();
        var written = Convert.FromBase64String(Lab.On("node2", $"base64 -w0 .muster/runs/{id}/logs/main.0.out"));
        Assert.True(written.AsSpan().SequenceEqual(shown.ToArray()), $"{written.Length} bytes written, {shown.Length} shown");
    }

    [Fact]
    public void A_run_that_cannot_be_seen_keeps_its_state()
    {
        _lab.Muster("submit", "-s", "lab-ssh", "--host", "node2", "--name", "unseen", "--detach", "--", "sleep", "30");
        Assert.Equal(0, _lab.Muster("wait", "unseen", "--for", "running", "--timeout", "30s").ExitCode);
        Lab.Do("fault", "cut", "node2");
        var run = SubmitTests.Show(_lab, "unseen");
        Assert.Equal(("running", "unreachable"), (run.GetProperty("state").GetString(), run.GetProperty("contact").GetString()));
        Lab.Do("mend", "node2");
        Lab.Until(() => SubmitTests.Show(_lab, "unseen").GetProperty("contact").GetString() == "ok", "it is seen again", 60);
        Assert.Equal(0, _lab.Muster("cancel", "unseen").ExitCode);
    }

    [Fact]
    public void A_scheduler_that_is_away_during_submit_gets_the_job_once_it_is_back()
    {
        Lab.On("login", "rm -f away-marks");
        Lab.Do("slurm", "stop");
        using var process = _lab.Start("submit", "-s", "lab-slurm", "--name", "patient", "--", "sh", "-c", "echo x >> ~/away-marks");
        Lab.Until(() => process.StandardError.ReadLine()?.Contains("again", StringComparison.Ordinal) is true, "it says that it tries again", 60);
        Lab.Do("slurm", "start");
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(90)), "it ends");
        Assert.Equal("1", Lab.On("login", "wc -l < away-marks; rm -f away-marks").Trim());
    }

    private JsonElement[] Runs() => [.. JsonDocument.Parse(_lab.Muster("ps", "--json", "--all").Output).RootElement.GetProperty("runs").EnumerateArray()];
}
