using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Muster.Bench.Figures;
using Muster.Runs;
using Muster.Runs.Measures;

namespace Muster.Bench;

internal static class Benchmarks
{
    public static IReadOnlyList<(string Name, Func<Bed, IEnumerable<Row>> Measure)> All { get; } =
    [
        ("start", Start),
        ("submit", Submit),
        ("native", NativeBenchmarks.Run),
        ("latency", Latency),
        ("bulk", Bulk),
        ("small", SmallFiles),
        ("tree", Tree),
        ("again", Again),
        ("budget", LoginBudget),
        ("queue", DayBenchmarks.Queue),
        ("sampling", DayBenchmarks.Sampling),
        ("keystroke", DayBenchmarks.Keystroke),
        ("export", SceneBenchmarks.Export),
        ("tensor", SceneBenchmarks.Tensor),
        ("evaluation", SceneBenchmarks.Evaluation),
        ("large", SceneBenchmarks.Large),
        ("gateway", GatewayBench.Polling),
        ("gateway-bytes", GatewayBench.Moving),
        ("gateway-scale", GatewayScale.Run),
        ("scale-plan", ScaleBench.Plan),
    ];

    public static IEnumerable<Row> Start(Bed bed)
    {
        var git = new Reference("`git version`", bed.Time("git version", 9));
        yield return new("`muster version`", Unit.Seconds, bed.Time($"{bed.Muster} version", 9))
        {
            Peer = git,
            Budget = new(0.08),
        };
        var store = new RunStore(Path.Combine(bed.StateFolder, "runs.db"));
        var measures = new MeasureStore(Path.Combine(bed.CacheFolder, "measures.db"));
        for (var i = store.Count(); i < 10_000; i++)
        {
            var plan = new RunPlan
            {
                Id = RunId.New(TimeProvider.System),
                Name = $"run-{i}",
                Site = "lab-ssh",
                Command = ["python", "train.py", $"--seed={i}"],
                WorkingFolder = "/",
            };
            store.Add(
                new Run
                {
                    Plan = plan,
                    Created = DateTimeOffset.UtcNow,
                    State = new RunState.Ended(
                        Sites.Schedulers.Outcome.Succeeded,
                        0,
                        DateTimeOffset.UtcNow,
                        new("exit record", "main.0: exited with 0")
                    ),
                }
            );
            var values = Enumerable.Range(0, 200).Select(step => new MetricPoint(step, (i + 1.0) / (step + 1)));
            measures.Put(
                plan,
                new()
                {
                    IsFinal = true,
                    Files = new Dictionary<string, MeasuredFile>
                    {
                        [" out/metrics.jsonl"] = new("1.1") { Series = [MetricSeries.Of("loss", [.. values])] },
                    },
                }
            );
        }
        var ps = bed.Time($"{bed.Muster} ps", 9);
        yield return new("`muster ps` with 10,000 runs", Unit.Seconds, ps) { Peer = git, Budget = new(0.15) };
        yield return new(
            "`muster ps` with 10,000 runs, and metrics",
            Unit.Seconds,
            bed.Time($"{bed.Muster} ps --columns name,state,loss,min:loss", 9)
        )
        {
            Peer = new("`muster ps` without", ps),
            Budget = new(0.1),
        };
        yield return new(
            "`muster compare` of 50 runs",
            Unit.Seconds,
            bed.Time($"{bed.Muster} compare {string.Join(' ', Enumerable.Range(0, 50).Select(i => $"run-{i}"))}", 5)
        )
        {
            Peer = new("`muster ps`", ps),
            Budget = new(1),
        };
    }

    public static IEnumerable<Row> Submit(Bed bed)
    {
        foreach (var ms in (int[])[0, 50])
        {
            bed.Lab($"fault delay node1 {ms}");
            bed.Run($"{bed.Ssh("node1")} true");
            UntilRunning(bed, "-s lab-ssh --host node1");
            var seconds = Enumerable
                .Range(0, 5)
                .Select(_ => UntilRunning(bed, "-s lab-ssh --host node1"))
                .Order()
                .ElementAt(2);
            yield return new($"submit to running, ssh, {ms} ms round trip", Unit.Seconds, seconds)
            {
                Peer = new("`ssh true`, open connection", bed.Time($"{bed.Ssh("node1")} true", 5)),
                Budget = new(0.5 + (3 * ms / 1000.0), Words: "0.5 s + 3 round trips"),
            };
        }
        bed.Lab("mend node1");
        UntilRunning(bed, "-s lab-slurm");
        var slurm = Enumerable.Range(0, 5).Select(_ => UntilRunning(bed, "-s lab-slurm")).Order().ElementAt(2);
        var sbatch = bed.Time($"{bed.Ssh("login")} \"sbatch --parsable --output=/dev/null --wrap true\"", 5);
        yield return new("submit to running, SLURM", Unit.Seconds, slurm)
        {
            Peer = new("`ssh login sbatch`", sbatch),
            Budget = new(1 + sbatch, Words: "1 s + sbatch's own time"),
        };
    }

    private static double UntilRunning(Bed bed, string site)
    {
        var began = Stopwatch.GetTimestamp();
        using var process = bed.Start($"exec {bed.Muster} submit {site} --no-snapshot --no-fetch --json -- sleep 2");
        while (process.StandardOutput.ReadLine() is { } line)
        {
            using var happening = JsonDocument.Parse(line);
            if (
                !happening.RootElement.TryGetProperty("run", out var run)
                || run.GetProperty("state").GetString() != "running"
            )
                continue;
            var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return took;
        }
        throw new InvalidOperationException($"it never ran: {process.StandardError.ReadToEnd()}");
    }

    private static IEnumerable<Row> Latency(Bed bed)
    {
        foreach (var ms in (int[])[0, 50])
        {
            bed.Lab($"fault delay node1 {ms}");
            const string job = "for i in $(seq 30); do date +%s%N; sleep 0.3; done";
            var muster = Delays(
                bed,
                $"exec {bed.Muster} submit -s lab-ssh --host node1 --no-snapshot --no-fetch -- sh -c '{job}'"
            );
            var peer = Delays(bed, $"exec {bed.Ssh("node1")} '{job}'");
            yield return new($"a log line, written to shown, {ms} ms round trip", Unit.Seconds, muster.Median)
            {
                Peer = new("`ssh`", peer.Median),
                Limit = new("half a round trip", ms / 2000.0),
                Budget = new((250 + ms) / 1000.0, Words: "250 ms + round trip"),
                More = $"worst {Unit.Seconds.Text(muster.Worst)}",
            };
        }
        bed.Lab("mend node1");
    }

    // Host and follower share one clock: the lab's hosts are namespaces of this machine.
    private static (double Median, double Worst) Delays(Bed bed, string command)
    {
        using var process = bed.Start(command);
        var delays = new List<double>();
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (long.TryParse(line, CultureInfo.InvariantCulture, out var written))
                delays.Add((DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalSeconds - (written / 1e9));
        }
        process.WaitForExit();
        return (delays.Order().ElementAt(delays.Count / 2), delays.Max());
    }

    // A run that has just ended may still write its last record into the folder. The caches of both sides are emptied.
    private static string Clean(Bed bed, string ssh) =>
        $"rm -rf {bed.Folder}/cache; {ssh} 'until rm -rf .muster/store .muster/runs .muster/incoming peer-* "
        + "2>/dev/null; do sleep 0.1; done; mkdir peer-small'";

    private static string Detached(Bed bed, string input) =>
        $"{bed.Muster} submit -s lab-ssh --host node1 --no-snapshot --detach {input} -- true";

    private static string Empty(double seconds) =>
        $"of which an empty `submit --detach` is {Unit.Seconds.Text(seconds)}";

    private static IEnumerable<Row> Bulk(Bed bed)
    {
        var file = Path.Combine(bed.Folder, "big");
        // The lab's disks hold 1 GB.
        foreach (var (ms, megabytes) in ((int, int)[])[(0, 256), (0, 600), (50, 64), (50, 256)])
        {
            bed.Run($"head -c {megabytes}M /dev/urandom > {file}");
            bed.Lab($"fault delay node1 {ms}");
            var ssh = bed.Ssh("node1");
            bed.Run($"{ssh} true");
            var times = bed.TimeInTurn(
                5,
                Clean(bed, ssh),
                $"cat {file} | {ssh} 'cat > peer-big'",
                Detached(bed, $"--input {file}"),
                Detached(bed, ""),
                $"cp {file} {file}.copy"
            );
            var (cat, muster, empty, copy) = (times[0], times[1], times[2], times[3]);
            yield return new($"{megabytes} MB to a host, {ms} ms round trip", Unit.Seconds, muster)
            {
                Peer = new("`cat \\| ssh cat`", cat),
                Limit = new("`cp`", copy),
                Budget = Budget.Ratio(1.11),
                More = Empty(empty),
            };
            foreach (
                var (name, command) in ((string, string)[])
                    [
                        ("`scp`", $"scp -q {bed.SshOptions("node1")} {file} node1:peer-big"),
                        ("`sftp`", $"echo put {file} peer-big | sftp -q {bed.SshOptions("node1")} node1"),
                        ("`rsync`", $"rsync -W -e \"ssh {bed.SshOptions("node1")}\" {file} node1:peer-big"),
                    ]
            )
            {
                yield return new($"{megabytes} MB to a host, {ms} ms round trip, beside {name}", Unit.Seconds, muster)
                {
                    Peer = new(name, bed.Time(command, 1, Clean(bed, ssh))),
                };
            }
        }
        bed.Lab("mend node1");
    }

    private static IEnumerable<Row> SmallFiles(Bed bed)
    {
        foreach (var (ms, count) in ((int, int)[])[(0, 10_000), (50, 200)])
        {
            var folder = Path.Combine(bed.Folder, $"small-{count}");
            for (var i = 0; i < count; i++)
            {
                var sub = Directory.CreateDirectory(Path.Combine(folder, $"{i % 100}")).FullName;
                var bytes = new byte[10_000];
                Random.Shared.NextBytes(bytes);
                File.WriteAllBytes(Path.Combine(sub, $"{i}.bin"), bytes);
            }
            bed.Lab($"fault delay node1 {ms}");
            var ssh = bed.Ssh("node1");
            bed.Run($"{ssh} true");
            var times = bed.TimeInTurn(
                5,
                Clean(bed, ssh),
                $"tar -C {folder} -cf - . | {ssh} 'tar -C peer-small -xf -'",
                Detached(bed, $"--input {folder}"),
                Detached(bed, ""),
                $"rm -rf {folder}-copy; cp -r {folder} {folder}-copy"
            );
            var (tar, muster, empty, copy) = (times[0], times[1], times[2], times[3]);
            yield return new($"{count:N0} files of 10 KB to a host, {ms} ms round trip", Unit.Seconds, muster)
            {
                Peer = new("`tar \\| ssh tar`", tar),
                Limit = new("`cp -r`", copy),
                Budget = Budget.Ratio(1),
                More = Empty(empty),
            };
            foreach (
                var (name, command) in ((string, string)[])
                    [
                        ("`rsync -a`", $"rsync -a -e \"ssh {bed.SshOptions("node1")}\" {folder}/ node1:peer-small/"),
                        ("`scp -r`", $"scp -q -r {bed.SshOptions("node1")} {folder} node1:peer-small/"),
                        (
                            "`sftp put -r`",
                            $"echo put -r {folder} peer-small/ | sftp -q {bed.SshOptions("node1")} node1"
                        ),
                    ]
            )
            {
                yield return new(
                    $"{count:N0} files of 10 KB to a host, {ms} ms round trip, beside {name}",
                    Unit.Seconds,
                    muster
                )
                {
                    Peer = new(name, bed.Time(command, 1, Clean(bed, ssh))),
                };
            }
        }
        bed.Lab("mend node1");
    }

    private static IEnumerable<Row> Tree(Bed bed)
    {
        var folder = Path.Combine(bed.Folder, "tree");
        for (var i = 0; i < 100_000; i++)
        {
            if (i % 1000 == 0)
                Directory.CreateDirectory(Path.Combine(folder, $"{i / 1000}"));
            File.WriteAllText(Path.Combine(folder, $"{i / 1000}", $"{i}.txt"), $"content {i}\n");
        }
        bed.Run("git init -q . && git add -A && git -c user.name=b -c user.email=b@b commit -qm x", folder);
        var submit = $"{bed.Muster} submit -s lab-ssh --host node1 --yes --detach --no-fetch -- true";
        var first = bed.Time(submit, 1, folder: folder);
        foreach (var ms in (int[])[0, 50])
        {
            bed.Lab($"fault delay node1 {ms}");
            var second = bed.Time(submit, 3, "echo $RANDOM$RANDOM > 5/5000.txt", folder);
            var rsync = bed.Time(
                $"rsync -a --exclude .git -e \"ssh {bed.SshOptions("node1")}\" ./ node1:peer-tree/",
                2,
                "echo $RANDOM$RANDOM > 5/5000.txt",
                folder
            );
            yield return new($"second submit of 100,000 files, one edited, {ms} ms round trip", Unit.Seconds, second)
            {
                Peer = new("`rsync -a` of the same", rsync),
                Limit = new("`git status`", bed.Time("git status --porcelain", 3, folder: folder)),
                Budget = new(2 + (3 * ms / 1000.0), Words: "2 s + 3 round trips"),
                More = $"the first took {Unit.Seconds.Text(first)}",
            };
        }
        bed.Lab("mend node1");
        bed.Run($"{bed.Ssh("node1")} 'rm -rf peer-tree .muster/runs'");
    }

    private static IEnumerable<Row> Again(Bed bed)
    {
        foreach (var ms in (int[])[0, 50])
        {
            bed.Lab($"fault delay node1 {ms}");
            var worst = 0.0;
            using var process = bed.Start(
                $"exec {bed.Muster} submit -s lab-ssh --host node1 --no-snapshot --no-fetch -- sh -c 'for i in $(seq "
                    + "700); do echo $i; sleep 0.1; done'"
            );
            for (var i = 0; i < 20; i++)
                process.StandardOutput.ReadLine();
            foreach (var cut in (double[])[2, 5, 12])
            {
                bed.Lab("fault cut node1");
                Thread.Sleep(TimeSpan.FromSeconds(cut)); // the length of the break is what is measured with
                var reading = ReadNewAsync(process);
                bed.Lab("mend node1");
                if (ms > 0)
                    bed.Lab($"fault delay node1 {ms}");
                var began = Stopwatch.GetTimestamp();
                reading.Wait();
                worst = Math.Max(worst, Stopwatch.GetElapsedTime(began).TotalSeconds);
            }
            // There is no peer: `ssh` never does.
            yield return new(
                $"following again after breaks of 2, 5 and 12 s, the worst, {ms} ms round trip",
                Unit.Seconds,
                worst
            )
            {
                Budget = new(2),
            };
            process.Kill();
            bed.Run($"{bed.Muster} cancel last");
        }
        bed.Lab("mend node1");

        // Lines that were under way before the cut come first; the first one written after the mend is what counts.
        static async Task ReadNewAsync(Process process)
        {
            var drained = Stopwatch.GetTimestamp();
            while (
                await process.StandardOutput.ReadLineAsync() is not null
                && Stopwatch.GetElapsedTime(drained).TotalMilliseconds < 50
            )
                drained = Stopwatch.GetTimestamp();
        }
    }

    private static IEnumerable<Row> LoginBudget(Bed bed)
    {
        for (var i = 0; i < 200; i++)
            bed.Run($"{bed.Muster} submit -s lab-slurm --no-snapshot --detach --name many-{i} -- sleep 100");
        var began = DateTimeOffset.UtcNow;
        using var process = bed.Start(
            $"exec {bed.Muster} wait $({bed.Muster} ps --quiet --cached --site lab-slurm | head -200 | tr '\\n' ' ')"
        );
        var ledger = Path.Combine(bed.StateFolder, "sites", "lab-slurm.queue");
        var most = 0;
        while (DateTimeOffset.UtcNow - began < TimeSpan.FromSeconds(70))
        {
            Thread.Sleep(1000);
            var spent =
                bed.Run($"cat {ledger}")
                    .Split('\n')
                    .ElementAtOrDefault(1)
                    ?.Split(' ')
                    .Count(at =>
                        long.TryParse(at, CultureInfo.InvariantCulture, out var then)
                        && DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - then < 60_000
                    )
                ?? 0;
            most = Math.Max(most, spent);
        }
        process.Kill();
        bed.EndPeer("login");
        var connections = bed.Run(
                $"{bed.Repository}/tests/lab/lab exec login sh -c \"ss -Htn state established sport = 22 src "
                    + $"10.231.0.10 | wc -l\""
            )
            .Trim();
        bed.Run(
            $"{bed.Muster} cancel --detach $({bed.Muster} ps --quiet --cached --site lab-slurm | head -200 | tr '\\n' "
                + "' ')"
        );
        yield return new("200 SLURM runs followed: scheduler commands in the busiest minute", Unit.Times, most)
        {
            Budget = new(6),
        };
        // Others who use the lab add theirs.
        yield return new(
            "200 SLURM runs followed: connections to the login node",
            Unit.Times,
            int.Parse(connections, CultureInfo.InvariantCulture)
        )
        {
            Budget = new(1),
        };
    }
}
