using System.Diagnostics;
using System.Text.Json;

namespace Muster;

/// <summary>Promises 2 and 3 while connections break. MUSTER_SOAK=1 runs the long form.</summary>
[Collection(Sharing.Nodes)]
public sealed class BreakTests : IDisposable
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("MUSTER_SOAK") == "1";
    private readonly Lab _lab = new();

    public void Dispose()
    {
        Lab.Do("mend", "node2");
        _lab.Dispose();
    }

    [Fact]
    public async Task A_follower_through_breaks_shows_every_byte_once_and_keeps_its_port()
    {
        var breaks = Soak ? 50 : 5;
        var seconds = breaks * 7;
        using var process = _lab.Start(
            "submit",
            "-s",
            "lab-ssh",
            "--host",
            "node2",
            "--name",
            "long",
            "--port",
            "web",
            "--json",
            "--",
            "sh",
            "-c",
            $"(cd $MUSTER_OUT && exec python3 -m http.server --bind 127.0.0.1 $MUSTER_PORT_WEB >/dev/null 2>&1) & i=0; "
                + $"end=$(($(date +%s) + {seconds})); while [ $(date +%s) -lt $end ]; do i=$((i+1)); printf 'line %d "
                + $"\\377\\n' $i; [ $((i % 7)) != 0 ] || sleep 0.2; sleep 0.02; done; echo last"
        );
        var shown = new MemoryStream();
        var states = new List<string>();
        string? url = null;
        var reading = Task.Run(
            () =>
            {
                while (process.StandardOutput.ReadLine() is { } line)
                {
                    var happening = JsonDocument.Parse(line).RootElement;
                    if (happening.TryGetProperty("log", out var log) && log.GetString() == "main.0.out")
                    {
                        Assert.Equal(shown.Length, happening.GetProperty("offset").GetInt64());
                        shown.Write(
                            happening.TryGetProperty("text", out var text)
                                ? System.Text.Encoding.UTF8.GetBytes(text.GetString()!)
                                : happening.GetProperty("bytes").GetBytesFromBase64()
                        );
                    }
                    if (happening.TryGetProperty("run", out var run))
                        lock (states)
                            states.Add(run.GetProperty("state").GetString()!);
                    if (happening.TryGetProperty("url", out var address))
                    {
                        Assert.True(url is null || url == address.GetString());
                        url = address.GetString();
                    }
                }
            },
            TestContext.Current.CancellationToken
        );
        Lab.Until(() => url is not null, "the port is reported");
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        bool Answers()
        {
            try
            {
                return http.Send(new(HttpMethod.Get, url)).IsSuccessStatusCode;
            }
            catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
            {
                return false;
            }
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
            Lab.Until(Answers, $"the port answers again after '{faults[i % faults.Length]}'", 120);
            lock (states)
                Assert.DoesNotContain("ended", states);
            if (Stopwatch.GetElapsedTime(mended).TotalSeconds is var took && took > slowest.Seconds)
                slowest = (took, faults[i % faults.Length]);
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"the port answered at the latest {slowest.Seconds:0.0} s after the mend (of '{slowest.After}')"
        );
        Lab.Until(() => process.HasExited, "the follower ends with the run", seconds + 60);
        await reading;
        Assert.Equal(0, process.ExitCode);
        var id = SubmitTests.Show(_lab, "long").GetProperty("id").GetString();
        var written = Convert.FromBase64String(Lab.On("node2", $"base64 -w0 .muster/runs/{id}/logs/main.0.out"));
        Assert.True(
            written.AsSpan().SequenceEqual(shown.ToArray()),
            $"{written.Length} bytes written, {shown.Length} shown"
        );
    }

    [Fact]
    public void A_run_that_cannot_be_seen_keeps_its_state()
    {
        _lab.Muster("submit", "-s", "lab-ssh", "--host", "node2", "--name", "unseen", "--detach", "--", "sleep", "30");
        Assert.Equal(0, _lab.Muster("wait", "unseen", "--for", "running", "--timeout", "30s").ExitCode);
        Lab.Do("fault", "cut", "node2");
        var run = SubmitTests.Show(_lab, "unseen");
        Assert.Equal(
            ("running", "unreachable"),
            (run.GetProperty("state").GetString(), run.GetProperty("contact").GetString())
        );
        Lab.Do("mend", "node2");
        Lab.Until(
            () => SubmitTests.Show(_lab, "unseen").GetProperty("contact").GetString() == "ok",
            "it is seen again",
            60
        );
        Assert.Equal(0, _lab.Muster("cancel", "unseen").ExitCode);
    }
}
