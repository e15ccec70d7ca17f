using System.Diagnostics;
using System.Globalization;
using Muster.Bench.Figures;

namespace Muster.Bench;

/// <summary>What a day's work feels like: waiting for a slot, being sampled, typing at a run's terminal.</summary>
internal static class DayBenchmarks
{
    /// <summary>The time from one job's last word to the next one's first, where one runs at a time.</summary>
    public static IEnumerable<Row> Queue(Bed bed)
    {
        const int jobs = 20;
        const string job = "date +%s.%N >>~/peer-gaps; sleep 1; date +%s.%N >>~/peer-gaps";
        var config = Path.Combine(bed.Folder, "queue.yaml");
        File.WriteAllText(
            config,
            $"sites: {{ one: {{ kind: ssh, hosts: [node1], ssh-config: {bed.SshConfig}, slots: {{ cpus: 1 }} }} }}\n"
        );
        var muster = $"MUSTER_CONFIG={config} {bed.Muster}";
        bed.Run($"{bed.Ssh("node1")} 'rm -f peer-gaps'");
        for (var at = 0; at < jobs; at++)
            bed.Run($"{muster} submit -s one --cpus 1 --no-snapshot --detach --name gap-{at} -- sh -c '{job}'");
        bed.Run($"{muster} wait --quiet {string.Join(' ', Enumerable.Range(0, jobs).Select(at => $"gap-{at}"))}");
        var own = Gaps(bed.Run($"{bed.Ssh("node1")} 'cat peer-gaps'"));

        bed.Run($"{bed.Ssh("login")} 'rm -f peer-gaps'");
        bed.Run(
            $"{bed.Ssh("login")} \"sbatch --wait --output=/dev/null --array=0-{jobs - 1}%1 --wrap '{job}' >/dev/null\""
        );
        var slurm = Gaps(bed.Run($"{bed.Ssh("login")} 'cat peer-gaps'"));
        yield return new(
            $"a slot's becoming free to the next start on one host, {jobs} runs in line",
            Unit.Seconds,
            own.Median
        )
        {
            Peer = new("SLURM, an array of which one runs at a time", slurm.Median),
            Budget = new(1),
            More = $"worst {Unit.Seconds.Text(own.Worst)}, SLURM's {Unit.Seconds.Text(slurm.Worst)}",
        };
    }

    private static (double Median, double Worst) Gaps(string times)
    {
        var all = times
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => double.Parse(line, CultureInfo.InvariantCulture))
            .ToList();
        var gaps = all.Skip(1).Chunk(2).Where(pair => pair.Length == 2).Select(pair => pair[1] - pair[0]).ToList();
        return (gaps.Order().ElementAt(gaps.Count / 2), gaps.Max());
    }

    /// <summary>
    /// What a supervisor takes of a processor while its command does nothing: sampling, and the look each second for a
    /// request to cancel.
    /// </summary>
    public static IEnumerable<Row> Sampling(Bed bed)
    {
        var patience = TimeSpan.FromMinutes(3);
        bed.Run($"{bed.Muster} submit -s lab-ssh --host node1 --no-snapshot --detach --name sampled -- sleep 600");
        bed.Run($"{bed.Muster} wait --quiet sampled --for running");
        // Its own times, and those of the shell that watches beside it; the command is none of them.
        const string used =
            "cd ../status; pid=$(sed -n s/^pid=//p main.0.started); command=$(sed -n s/^command=//p main.0.started); "
            + "for one in $pid $(cat /proc/$pid/task/$pid/children); do [ $one = $command ] || "
            + "cat /proc/$one/stat; done";
        double Used() =>
            bed.Run($"{bed.Muster} exec --quiet sampled -- sh -c '{used}'")
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Sum(line => line[(line.LastIndexOf(')') + 2)..].Split(' ')[11..15].Sum(double.Parse) / 100);
        Thread.Sleep(TimeSpan.FromSeconds(20)); // what begins it is over
        var (before, began) = (Used(), Stopwatch.GetTimestamp());
        Thread.Sleep(patience); // what is measured is what it does meanwhile
        var share = (Used() - before) / Stopwatch.GetElapsedTime(began).TotalSeconds;
        bed.Run($"{bed.Muster} cancel --yes sampled");

        using var idle = bed.Start("exec sh -c 'while :; do sleep 1; done'");
        began = Stopwatch.GetTimestamp();
        Thread.Sleep(patience / 3);
        var floor = ProcessUse.Of(idle.Id).CpuSeconds / Stopwatch.GetElapsedTime(began).TotalSeconds;
        idle.Kill(entireProcessTree: true);
        // Sampling is what it takes beyond looking for a request to cancel, a second at a time.
        yield return new("a supervisor's sampling, over three minutes", Unit.CoreShare, share - floor)
        {
            Limit = new("a shell that sleeps a second at a time", floor),
            Budget = new(0.001),
            More = $"{Unit.CoreShare.Text(share)} with all else that it does",
        };
    }

    /// <summary>A key typed at a run's terminal until its echo is shown.</summary>
    public static IEnumerable<Row> Keystroke(Bed bed)
    {
        foreach (var ms in (int[])[0, 50])
        {
            bed.Lab($"fault delay node1 {ms}");
            bed.Run($"{bed.Ssh("node1")} true");
            const string job = "'echo Ready; exec cat'";
            var peer = Echo(bed, $"{bed.Ssh("node1")} -tt {job}");
            var own = Echo(
                bed,
                $"{bed.Muster} submit -s lab-ssh --host node1 --no-snapshot --no-fetch --tty --name typed -- "
                    + $"sh -c {job}"
            );
            bed.Run($"{bed.Muster} cancel --yes last; {bed.Muster} wait --quiet last; :");
            yield return new($"a keystroke's echo in `--tty`, {ms} ms round trip", Unit.Seconds, own)
            {
                Peer = new("`ssh -t`", peer),
                Limit = new("the round trip", ms / 1000.0),
                Budget = new((ms + 10) / 1000.0, Words: "round trip + 10 ms"),
            };
        }
        bed.Lab("mend node1");
    }

    /// <summary>The median time from a letter's being typed to its being shown, at a terminal here.</summary>
    private static double Echo(Bed bed, string command)
    {
        var keyboard = Path.Combine(bed.Folder, "keys");
        bed.Run($"rm -f {keyboard}; mkfifo {keyboard}");
        // The terminal's own input stays open, as a person's does.
        using var process = bed.Start($"exec script -qfec \"{command}\" /dev/null <{keyboard}");
        using var keys = new FileStream(keyboard, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
        var shown = process.StandardOutput.BaseStream;
        // What is typed before the far end is there is shown by the terminal here, or lost.
        UntilShownAsync(shown, "Ready\r\n"u8.ToArray()).Wait();
        var times = new List<double>();
        for (var at = 0; at < 60; at++)
        {
            Thread.Sleep(100); // nobody types faster
            byte[] letter = [(byte)('a' + (at % 20))];
            var echo = UntilShownAsync(shown, letter);
            var began = Stopwatch.GetTimestamp();
            keys.Write(letter);
            echo.Wait();
            times.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return times.Order().ElementAt(times.Count / 2);
    }

    private static async Task UntilShownAsync(Stream shown, byte[] text)
    {
        var (one, seen) = (new byte[1], new Queue<byte>());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await shown.ReadAsync(one, patience.Token) == 1)
        {
            seen.Enqueue(one[0]);
            if (seen.Count > text.Length)
                seen.Dequeue();
            if (seen.SequenceEqual(text))
                return;
        }
        throw new InvalidOperationException("the terminal has gone");
    }
}
