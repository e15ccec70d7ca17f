using System.Globalization;
using System.Text.Json;

namespace Muster;

/// <summary>The day of <c>docs/day.md</c>: each step by one command, on real hosts.</summary>
public sealed class DayTests : IDisposable
{
    private const string Train = """
        lr=$1 seed=$2
        echo "training with $lr"
        for step in 1 2 3; do
          loss=$(awk "BEGIN { print $lr / $step + $seed / 100 }")
          echo "muster: metric val_loss=$loss step=$step"
        done
        [ "$lr" != 0.3 ] || [ -e mended ] || { echo "the loss is no number" >&2; exit 3; }
        echo "weights of $lr and $seed" >"$MUSTER_OUT/model"
        """;

    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void A_day_of_work_needs_no_other_tool()
    {
        File.WriteAllText(Path.Combine(_lab.Code, "train.sh"), Train + "\n");
        var first = Do("submit", "-s", "lab-ssh", "--name", "try", "--", "sh", "train.sh", "0.1", "0");
        Assert.Contains("training with 0.1", first, StringComparison.Ordinal);
        Assert.Equal("weights of 0.1 and 0\n", Local("muster-out", "try", "model"));

        string[] grid = ["--grid", "lr=0.3,0.1,0.03", "--grid", "seed=0..1"];
        var sweep = _lab.Muster([
            "sweep",
            "-s",
            "lab-ssh",
            "--name",
            "tune",
            .. grid,
            "--",
            "sh",
            "train.sh",
            "{lr}",
            "{seed}",
        ]);
        Assert.Equal(3, sweep.ExitCode);
        Assert.Equal(["failed", "failed", "succeeded", "succeeded", "succeeded", "succeeded"], States("tune"));
        Assert.Contains("0.03", Do("logs", "tune", "--grep", "training with 0.03"), StringComparison.Ordinal);
        Assert.Contains("exited with 3", Do("why", "tune"), StringComparison.Ordinal);
        Assert.Equal((4, "0.03", "0"), Best());
        Assert.Contains("val_loss", Do("compare", "tune", "--svg", "curves.svg"), StringComparison.Ordinal);
        Assert.StartsWith("<svg", Local("curves.svg"), StringComparison.Ordinal);

        Do("submit", "-s", "lab-ssh", "--host", "node1", "--name", "probe", "--detach", "--", "sleep", "300");
        Lab.Until(
            () => _lab.Muster("exec", "probe", "--", "sh", "-c", "echo $MUSTER_RUN_ID >../out/id").ExitCode == 0,
            "it can be entered",
            60
        );
        Do("cp", "probe:out/id", ".");
        Assert.Equal(SubmitTests.Show(_lab, "probe").GetProperty("id").GetString() + "\n", Local("id"));
        Do("cancel", "probe", "--yes");

        File.WriteAllText(Path.Combine(_lab.Code, "mended"), "");
        Do("rerun", "tune", "--failed");
        Assert.Equal(["succeeded", "succeeded"], States("tune-2"));

        Do("sweep", "--add", "tune", "--grid", "lr=0.01", "--grid", "seed=0");
        Assert.Equal((6, "0.01", "0"), Best());
        Do("cp", "tune-3:out/6/model", "best");
        Assert.Equal("weights of 0.01 and 0\n", Local("best"));

        Do("tag", "tune", "paper");
        Do("note", "tune", "0.01 is best");
        Assert.Equal(
            "tune-3",
            Json("ps", "--all", "--tag", "paper").GetProperty("runs")[0].GetProperty("name").GetString()
        );
        Do("sites", "tidy", "lab-ssh", "--older", "1h", "--yes");
    }

    private string Do(params string[] words)
    {
        var answer = _lab.Muster(words);
        Assert.True(
            answer.ExitCode == 0,
            $"{string.Join(' ', words)}: {answer.ExitCode}\n{answer.Output}{answer.Said}"
        );
        return answer.Output + answer.Said;
    }

    private JsonElement Json(params string[] words)
    {
        var answer = _lab.Muster([.. words, "--json"]);
        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        return JsonDocument.Parse(answer.Output).RootElement;
    }

    private IEnumerable<string?> States(string name) =>
        Json("show", name, "--points")
            .GetProperty("points")
            .EnumerateArray()
            .Select(point => point.GetProperty("state").GetString());

    /// <summary>Index and parameters of the best point.</summary>
    private (int Index, string? Rate, string? Seed) Best()
    {
        var best = Json("best", "tune", "--metric", "val_loss", "--min").GetProperty("best")[0];
        var parameters = best.GetProperty("parameters");
        return (
            int.Parse(best.GetProperty("index").ToString(), CultureInfo.InvariantCulture),
            parameters.GetProperty("lr").GetString(),
            parameters.GetProperty("seed").GetString()
        );
    }

    private string Local(params string[] parts) => File.ReadAllText(Path.Combine([_lab.Code, .. parts]));
}
