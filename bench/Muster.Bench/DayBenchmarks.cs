using System.Diagnostics;
using System.Globalization;

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
            $"median {Row.Seconds(own.Median)}, worst {Row.Seconds(own.Worst)}",
            $"SLURM, an array of which one runs at a time: median {Row.Seconds(slurm.Median)}, "
                + $"worst {Row.Seconds(slurm.Worst)}",
            (own.Median / slurm.Median).ToString("0.00", CultureInfo.InvariantCulture),
            "1 s"
        );
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
        string Percent(double part) => (part * 100).ToString("0.000", CultureInfo.InvariantCulture) + " %";
        yield return new(
            "a supervisor's share of a core, with sampling, over three minutes",
            Percent(share),
            $"a shell that sleeps a second at a time: {Percent(floor)}",
            "",
            "0.1 %"
        );
    }

    /// <summary>A key typed at a run's terminal until its echo is shown.</summary>
    public static IEnumerable<Row> Keystroke(Bed bed)
    {
        foreach (var ms in (int[])[0, 50])
        {
            bed.Lab($"fault delay node1 {ms}");
            bed.Run($"{bed.Ssh("node1")} true");
            var peer = Echo(bed, $"{bed.Ssh("node1")} -tt cat");
            var own = Echo(
                bed,
                $"{bed.Muster} submit -s lab-ssh --host node1 --no-snapshot --no-fetch --tty --name typed -- cat"
            );
            bed.Run($"{bed.Muster} cancel --yes last; {bed.Muster} wait --quiet last; :");
            yield return Row.Of(
                $"a keystroke's echo in `--tty`, {ms} ms round trip",
                own,
                "`ssh -t`",
                peer,
                $"round trip + 10 ms = {ms + 10} ms"
            );
        }
        bed.Lab("mend node1");
    }

    /// <summary>The median time from a letter's being typed to its being shown, at a terminal here.</summary>
    private static double Echo(Bed bed, string command)
    {
        // The terminal's own input stays open, as a person's does.
        using var process = bed.Start($"exec script -qfec \"{command}\" /dev/null <{Fifo(bed)}");
        using var keys = new FileStream(Fifo(bed), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
        var shown = process.StandardOutput.BaseStream;
        // Until it is there, what is typed may be lost.
        var ready = UntilShownAsync(shown, 'Y');
        while (!ready.Wait(300))
            keys.Write("Y"u8);
        var times = new List<double>();
        for (var at = 0; at < 60; at++)
        {
            Thread.Sleep(100); // nobody types faster
            var letter = (char)('a' + (at % 20));
            var echo = UntilShownAsync(shown, letter);
            var began = Stopwatch.GetTimestamp();
            keys.Write([(byte)letter]);
            echo.Wait();
            times.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return times.Order().ElementAt(times.Count / 2);
    }

    private static string Fifo(Bed bed)
    {
        var path = Path.Combine(bed.Folder, "keys");
        if (!File.Exists(path))
            bed.Run($"mkfifo {path}");
        return path;
    }

    private static async Task UntilShownAsync(Stream shown, char letter)
    {
        var one = new byte[1];
        while (await shown.ReadAsync(one) == 1)
            if (one[0] == letter)
                return;
        throw new InvalidOperationException("the terminal has gone");
    }
}
