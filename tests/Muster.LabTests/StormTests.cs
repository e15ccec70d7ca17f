using System.Diagnostics;
using System.Text.Json;

namespace Muster;

/// <summary>Promise 1 under fire. MUSTER_SOAK=1 kills more often.</summary>
public abstract class StormFacts(string site, string host, params string[] place)
{
    private static readonly int Kills = Environment.GetEnvironmentVariable("MUSTER_SOAK") == "1" ? 100 : 25;

    [Fact]
    public void Killed_at_any_moment_of_submit_a_run_exists_once_or_not_at_all()
    {
        using var lab = new Lab();
        var random = new Random(7);
        Lab.On(host, "rm -rf storm; mkdir storm");
        // The way is warm, and a whole submit tells how long it takes here and now: kills fall on every step.
        lab.Muster(["submit", "-s", site, .. place, "--", "true"]);
        var began = Stopwatch.GetTimestamp();
        Assert.Equal(0, lab.Muster(["submit", "-s", site, .. place, "--detach", "--", "true"]).ExitCode);
        var whole = (int)Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        for (var i = 0; i < Kills; i++)
        {
            File.WriteAllText(Path.Combine(lab.Code, "file"), $"edit {i}\n");
            using var process = lab.Start([
                "submit",
                "-s",
                site,
                .. place,
                "--detach",
                "--name",
                $"storm-{i}",
                "--",
                "sh",
                "-c",
                "echo once >> ~/storm/$MUSTER_RUN_ID",
            ]);
            // The last is left alone: on a machine that has become slower, each of the others may die too soon to run.
            process.WaitForExit(i == Kills - 1 ? Timeout.Infinite : random.Next(20, 20 + (whole * 5 / 4)));
            if (!process.HasExited)
                process.Kill();
            process.WaitForExit();
        }

        // What was launched ends; what was not says so.
        var settled = new Dictionary<string, JsonElement>();
        Lab.Until(
            () =>
            {
                settled = JsonDocument
                    .Parse(lab.Muster("ps", "--json", "--all").Output)
                    .RootElement.GetProperty("runs")
                    .EnumerateArray()
                    .ToDictionary(run => run.GetProperty("id").GetString()!);
                return settled.Values.All(run =>
                    run.GetProperty("state").GetString() is "ended" || run.GetProperty("interrupted").GetBoolean()
                );
            },
            "all launched runs end",
            90
        );
        var marks = Lab.On(
                host,
                "cd storm && for mark in *; do [ ! -f \"$mark\" ] || echo \"$mark $(wc -l < \"$mark\")\"; done"
            )
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(marks, mark => Assert.EndsWith(" 1", mark, StringComparison.Ordinal));
        var ran = marks.Select(mark => mark.Split(' ')[0]).ToHashSet();
        foreach (
            var (id, run) in settled.Where(run =>
                run.Value.GetProperty("name").GetString()!.StartsWith("storm-", StringComparison.Ordinal)
            )
        )
        {
            var succeeded = run.TryGetProperty("outcome", out var outcome) && outcome.GetString() == "succeeded";
            Assert.True(
                succeeded == ran.Contains(id),
                $"{id} {(ran.Contains(id) ? "ran" : "did not run")}, and ps says {run}"
            );
        }
        Assert.NotEmpty(ran);
    }
}

public sealed class SshStormTests() : StormFacts("lab-ssh", "node1", "--host", "node1");

public sealed class SlurmStormTests() : StormFacts("lab-slurm", "login");
