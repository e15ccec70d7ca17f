using System.Text.Json;

namespace Muster;

/// <summary>Recipes that are built in, run on the lab's hosts.</summary>
[Collection(Sharing.Processors)]
public sealed class RecipeTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("lab-ssh")]
    [InlineData("lab-slurm")]
    public void Photos_become_cameras_and_points(string site)
    {
        var photos = Directory.CreateDirectory(Path.Combine(_lab.Code, "photos")).FullName;
        foreach (var photo in Directory.GetFiles(Path.Combine(Lab.Repository, "samples"), "field_0*.jpg"))
            File.Copy(photo, Path.Combine(photos, Path.GetFileName(photo)));
        File.WriteAllText(Path.Combine(photos, "notes.txt"), "not a photo");

        var answer = _lab.Muster(
            "run",
            "colmap",
            "-s",
            site,
            "--images",
            "photos",
            "--single-camera",
            "--max-num-features",
            "2000",
            "--threads",
            "1"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        var results = Path.Combine(_lab.Code, "muster-out", "colmap");
        string[] model = ["cameras.bin", "cameras.txt", "images.bin", "images.txt", "points3D.bin", "points3D.txt"];
        Assert.Superset(
            model.ToHashSet(),
            Directory.GetFiles(Path.Combine(results, "colmap")).Select(file => Path.GetFileName(file)).ToHashSet()
        );
        Assert.Equal(
            9,
            File.ReadLines(Path.Combine(results, "colmap", "images.txt"))
                .Count(line => line.EndsWith(".jpg", StringComparison.Ordinal))
        );
        Assert.True(File.ReadLines(Path.Combine(results, "colmap", "points3D.txt")).Count() > 200);
        Assert.Equal("ply", File.ReadLines(Path.Combine(results, "points.ply")).First());
    }

    [Fact]
    public async Task A_node_is_a_run_whose_port_comes_here()
    {
        using var running = _lab.Start(
            "run",
            "node",
            "-s",
            "lab-ssh",
            "--host",
            "node1",
            "--engine",
            "test",
            "--muster",
            Lab.Program,
            "--json"
        );
        var url = "";
        while (
            url.Length == 0
            && await running.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line
        )
        {
            using var happening = JsonDocument.Parse(line);
            if (happening.RootElement.GetProperty("event").GetString() == "port")
                url = happening.RootElement.GetProperty("url").GetString()!;
        }
        if (url.Length == 0)
            Assert.Fail(
                "the run ended without a port: "
                    + await running.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)
            );

        using var client = new HttpClient();
        using var info = JsonDocument.Parse(
            await client.GetStringAsync(url.TrimEnd('/') + "/info", TestContext.Current.CancellationToken)
        );
        Assert.Equal(0, info.RootElement.GetProperty("taskQueueCount").GetInt32());

        Assert.Equal(0, _lab.Muster("cancel", "node").ExitCode);
        Assert.True(running.WaitForExit(TimeSpan.FromSeconds(60)));
        Assert.Equal(130, running.ExitCode);
    }

    [Fact]
    public void What_is_wrong_is_told_before_anything_travels()
    {
        _lab.Muster("run", "colmap", "-s", "lab-ssh", "--images", "nowhere")
            .IsFault(2, "--images: nowhere does not exist");

        using var runs = JsonDocument.Parse(_lab.Muster("ps", "--all", "--json").Output);
        Assert.Equal(0, runs.RootElement.GetProperty("runs").GetArrayLength());
    }
}
