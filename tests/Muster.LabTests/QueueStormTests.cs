using System.Globalization;
using System.Text.Json;

namespace Muster;

/// <summary>
/// Two users, three hosts with two GPUs each, many runs, while supervisors and clients are killed and hosts lose their
/// power. What went on is read from what was written down meanwhile: by the jobs, and by a watcher on each host.
/// </summary>
[Collection(Sharing.Nodes)]
public sealed class QueueStormTests : IDisposable
{
    private const string Line = "/tmp/muster-storm";
    private const string Notes = "/tmp/muster-storm-notes";

    /// <summary>A slot may stand idle for so many beats: two seconds where nothing else is done.</summary>
    private const int PatientBeats = 10;
    private static readonly string[] Hosts = ["node1", "node2", "node3"];

    /// <summary>
    /// Writes down five times a second who waits and who holds which GPU, of those that live. A beat starts as many
    /// programs as it takes to get a slot, so on a machine that is slow, beats are slow as well.
    /// </summary>
    private const string Watcher = """
        import json, os, socket, subprocess, time
        line = "LINE/" + socket.gethostname()
        boot = open("/proc/sys/kernel/random/boot_id").read().split("-")[0]
        def stat(pid):
            try: text = open("/proc/%s/stat" % pid).read()
            except OSError: return ["X"] * 30
            return text[text.rindex(")") + 2:].split()
        def in_session(name):
            try: session = open(line + "/" + name).read().strip()
            except OSError: return False
            stats = [stat(pid) for pid in os.listdir("/proc") if pid.isdigit()] if session else []
            return any(one[0] not in "ZX" and one[3] == session for one in stats)
        first = True
        while True:
            beat = {"t": time.time(), "first": first, "wait": [], "held": []}
            first = False
            for name in os.listdir(line) if os.path.isdir(line) else []:
                p = name.split(".")
                if len(p) != 14 or p[4] != boot: continue
                one = stat(p[2])
                lives = one[0] not in "ZX" and one[19] == p[3]
                claim = {"who": ".".join(p[1:5]), "number": int(p[1]), "user": p[5], "gpu": p[8]}
                if p[0] != "held" and lives: beat["wait"].append(claim)
                if p[0] == "held" and (lives or in_session(name)): beat["held"].append(claim)
            print(json.dumps(beat), flush=True)
            subprocess.run(["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do awk 'BEGIN { exit }'; done"])
            time.sleep(0.2)
        """;

    private readonly Lab _lab = new();

    public QueueStormTests()
    {
        var config = Path.Combine(_lab.Folder, "muster.yaml");
        File.WriteAllText(
            config,
            $$"""
            sites:
              one: { kind: ssh, hosts: [node1, node2, node3], ssh-config: {{Lab.Folders}}/ssh_config,
                     slots: { gpus: 2 }, queue: {{Line}} }
              two: { kind: ssh, hosts: [node1-csh, node2-csh, node3-csh], ssh-config: {{Lab.Folders}}/ssh_config,
                     slots: { gpus: 2 }, queue: {{Line}} }

            """
        );
        _lab.Set("MUSTER_CONFIG", config);
        foreach (var host in Hosts)
        {
            Lab.Do("exec", host, "sh", "-c", $"rm -rf {Line} {Notes}; mkdir -m 777 {Notes}; umask 0; : >{Notes}/begun");
            Watch(host);
        }
    }

    public void Dispose()
    {
        Lab.Do("mend");
        foreach (var host in Hosts)
            Lab.Do("exec", host, "sh", "-c", $"pkill -f {Notes}/watcher; rm -rf {Line} {Notes}");
        _lab.Dispose();
    }

    [Fact]
    public Task Few_runs_are_given_out_in_turn_and_nothing_stays_claimed() => StormAsync(24, 8, seconds: 2, "node3");

    [Fact]
    [Trait(Sharing.Takes, Sharing.Long)]
    public Task Two_hundred_runs_are_given_out_in_turn_and_nothing_stays_claimed() =>
        StormAsync(200, 100, seconds: 5, "node2", "node3");

    private async Task StormAsync(int runs, int kills, int seconds, params string[] rebooted)
    {
        var random = new Random(16);
        var job = $"""
            read boot </proc/sys/kernel/random/boot_id
            mine={Notes}/$boot.$CUDA_VISIBLE_DEVICES
            echo $MUSTER_RUN_ID >>{Notes}/begun
            mkdir $mine || touch "{Notes}/clash.$MUSTER_RUN_ID"
            until [ -e {Notes}/go ]; do sleep 0.2; done
            sleep {seconds}
            rmdir $mine
            """;
        // A third of the kills fall on clients, the others on supervisors, in line and at work.
        var (clients, submitted) = (kills / 3, 0);
        async Task SubmitAsync(string site, int count, int doomed, Random chance)
        {
            for (var at = 0; at < count; at++)
            {
                using var process = _lab.Start([
                    "submit",
                    "-d",
                    "-s",
                    site,
                    "--name",
                    $"{site}{at}",
                    "--gpus",
                    "1",
                    "--no-snapshot",
                    "--",
                    "sh",
                    "-c",
                    job,
                ]);
                if (chance.Next(count - at) < doomed)
                {
                    doomed--;
                    await Task.Delay(chance.Next(20, 1500));
                    process.Kill();
                }
                await process.WaitForExitAsync(TestContext.Current.CancellationToken);
                Interlocked.Increment(ref submitted);
            }
        }
        var submitting = Task.WhenAll(
            SubmitAsync("one", runs / 2, clients / 2, new(1)),
            SubmitAsync("two", runs - (runs / 2), clients - (clients / 2), new(2))
        );
        // The first wait until half are there, so that there is a line however slow this machine submits.
        while (submitted < runs / 2 && !submitting.IsCompleted)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        foreach (var host in Hosts)
            Lab.Do("exec", host, "touch", $"{Notes}/go");
        var killed = 0;
        for (var (rounds, off) = (0, 0); killed < kills - clients; rounds++)
        {
            // As far as the submissions are, so far are the kills and the reboots.
            while (killed * runs > submitted * (kills - clients) && !submitting.IsCompleted)
                await Task.Delay(50, TestContext.Current.CancellationToken);
            if (off < rebooted.Length && submitted * (rebooted.Length + 1) > runs * (off + 1))
            {
                Lab.Do("fault", "off", rebooted[off]);
                Lab.Do("mend", rebooted[off]);
                Watch(rebooted[off++]);
            }
            killed += KillOne(Hosts[random.Next(Hosts.Length)]) ? 1 : 0;
            if (submitting.IsCompleted && rounds > kills * 20)
                break; // nothing is left to be killed
        }
        await submitting;

        var ended = AllEnded();
        var begun = Hosts
            .SelectMany(host => Lab.On(host, $"cat {Notes}/begun").Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .ToList();
        Assert.Equal(begun.Distinct().Count(), begun.Count);
        Assert.All(ended.Where(run => run.Outcome == "succeeded"), run => Assert.Contains(run.Id, begun));
        var beats = Hosts.ToDictionary(host => host, Beats);
        foreach (var host in Hosts)
            Assert.Equal("", Lab.On(host, $"ls {Notes} | grep clash || :"));
        Assert.All(beats.Values.SelectMany(all => all), beat => Assert.Equal(beat.Gpus.Distinct(), beat.Gpus));

        var idle = beats.Select(pair => (Host: pair.Key, Longest: Longest(pair.Value))).MaxBy(one => one.Longest.Beats);
        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{ended.Count} runs, {ended.Count(run => run.Outcome == "succeeded")} succeeded; {killed} supervisors "
                    + $"and {clients} clients killed, {rebooted.Length} reboots; a slot idle while somebody waited: "
                    + $"{idle.Longest.Beats} beats, {idle.Longest.Seconds:0.0} s ({idle.Host}): {idle.Longest.What}"
            )
        );
        Assert.InRange(idle.Longest.Beats, 0, PatientBeats);
        Assert.Empty(beats.SelectMany(pair => Unfair(pair.Key, pair.Value)));

        // Nothing is left claimed: two GPUs at once are there for each user, and what the dead left goes.
        foreach (var host in Hosts)
        {
            foreach (var (site, name) in new[] { ("one", host), ("two", $"{host}-csh") })
                Assert.Equal(
                    0,
                    _lab.Muster(
                        "submit",
                        "-s",
                        site,
                        "--host",
                        name,
                        "--gpus",
                        "2",
                        "--no-snapshot",
                        "--",
                        "true"
                    ).ExitCode
                );
            Lab.Until(
                () => Lab.On(host, $"ls {Line}/{host} | grep -E '^(wait|firm|held|take)' || :").Length == 0,
                $"nothing is claimed on {host}"
            );
        }
    }

    private static void Watch(string host)
    {
        var text = Watcher.Replace("LINE", Line, StringComparison.Ordinal);
        Lab.Do("exec", host, "sh", "-c", $"cat >{Notes}/watcher <<'END'\n{text}\nEND");
        Lab.Do("exec", host, "sh", "-c", $"setsid python3 {Notes}/watcher >>{Notes}/beats 2>&1 </dev/null &");
    }

    private static bool KillOne(string host) =>
        Lab.Do(
            "exec",
            host,
            "sh",
            "-c",
            $"name=$(ls {Line}/{host} 2>/dev/null | grep -E '^(wait|firm|held)' | shuf -n 1); [ -n \"$name\" ] || exit; "
                + "IFS=.; set -- $name; kill -9 \"$3\" 2>/dev/null && echo killed; :"
        ).Length > 0;

    private List<(string Id, string? Outcome)> AllEnded()
    {
        List<JsonElement> runs = [];
        Lab.Until(
            () =>
            {
                runs =
                [
                    .. JsonDocument
                        .Parse(_lab.Muster("ps", "--json", "--all").Output)
                        .RootElement.GetProperty("runs")
                        .EnumerateArray(),
                ];
                return runs.All(IsOver);
            },
            () => string.Join('\n', runs.Where(run => !IsOver(run))),
            1800
        );
        return
        [
            .. runs.Select(run =>
                (
                    run.GetProperty("id").GetString()!,
                    run.TryGetProperty("outcome", out var outcome) ? outcome.GetString() : null
                )
            ),
        ];
    }

    /// <summary>A submission that was killed may have sent everything and launched nothing.</summary>
    private static bool IsOver(JsonElement run) =>
        run.GetProperty("state").GetString() == "ended" || run.GetProperty("interrupted").GetBoolean();

    private sealed record Claim(string Who, int Number, string User, string Gpu);

    private sealed record Beat(double T, bool First, IReadOnlyList<Claim> Wait, IReadOnlyList<Claim> Held)
    {
        public IEnumerable<string> Gpus => Held.SelectMany(claim => claim.Gpu.TrimStart('g').Split('+'));
    }

    private static readonly JsonSerializerOptions Words = new(JsonSerializerDefaults.Web);

    private static List<Beat> Beats(string host) =>
        [
            .. Lab.Do("exec", host, "cat", $"{Notes}/beats")
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonSerializer.Deserialize<Beat>(line, Words)!),
        ];

    /// <summary>How long somebody waited, beat after beat, while a GPU was free.</summary>
    private static (int Beats, double Seconds, string What) Longest(List<Beat> beats)
    {
        var longest = (Beats: 0, Seconds: 0.0, What: "");
        var since = new Dictionary<string, (int At, double T)>();
        for (var at = 0; at < beats.Count; at++)
        {
            var beat = beats[at];
            var waits = beat.First || beat.Gpus.Count() >= 2 ? [] : beat.Wait.Select(claim => claim.Who).ToHashSet();
            foreach (var gone in since.Keys.Except(waits).ToList())
                since.Remove(gone);
            foreach (var who in waits)
            {
                since.TryAdd(who, (at, beat.T));
                if (at - since[who].At > longest.Beats)
                    longest = (
                        at - since[who].At,
                        beat.T - since[who].T,
                        $"{who} of {beat.Wait.Count} that waited, beside {string.Join(", ", beat.Held)}"
                    );
            }
        }
        return longest;
    }

    /// <summary>
    /// Turns that were not in order: a user got a second GPU while the other, who held none, waited meanwhile; or one
    /// was passed by another of the same user who came later.
    /// </summary>
    private static IEnumerable<string> Unfair(string host, List<Beat> beats)
    {
        for (var at = 2; at < beats.Count; at++)
        {
            var (old, before, now) = (beats[at - 2], beats[at - 1], beats[at]);
            if (before.First || now.First)
                continue;
            bool Waited(Claim claim) => new[] { old, before, now }.All(beat => beat.Wait.Contains(claim));
            foreach (var got in now.Held.Where(claim => before.Held.All(held => held.Who != claim.Who)))
            {
                bool Holds(string user) => new[] { before, now }.Any(beat => beat.Held.Any(held => held.User == user));
                var other = now.Wait.FirstOrDefault(claim =>
                    claim.User != got.User && Waited(claim) && !Holds(claim.User)
                );
                if (other is not null && before.Held.Any(held => held.User == got.User && now.Held.Contains(held)))
                    yield return $"{host}: {got.Who} of {got.User} had one, and {other.Who} of {other.User} waited";
                var passed = now.Wait.FirstOrDefault(claim =>
                    claim.User == got.User && claim.Number < got.Number && Waited(claim) && now.Gpus.Count() == 2
                );
                if (passed is not null && before.Wait.Any(claim => claim.Who == got.Who))
                    yield return $"{host}: {got.Who} passed {passed.Who} of the same user";
            }
        }
    }
}
