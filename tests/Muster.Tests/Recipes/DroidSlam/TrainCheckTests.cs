using Muster.Recipes.Checks;
using Muster.Scenes;
using Muster.Scenes.Formats;

namespace Muster.Recipes.DroidSlam;

/// <summary>One small file for each code, and a set of inputs that has none.</summary>
public sealed class TrainCheckTests(TrainCheckTests.Sound sound) : IClassFixture<TrainCheckTests.Sound>, IDisposable
{
    private readonly RecipeFolder _folder = new();
    private readonly Dictionary<string, string> _given = new()
    {
        ["dataset"] = sound.Path,
        ["image"] = "docker://droid",
    };

    public void Dispose() => _folder.Dispose();

    private IReadOnlyList<RecipeFinding> Findings() =>
        RecipeChecks
            .Read(_folder.Book.Get("droid-slam/train"), _given, _folder.Path, Path.Combine(_folder.Path, "memory"))
            .Findings;

    private List<string> Codes() => [.. Findings().Select(finding => finding.Code ?? finding.Text)];

    [Fact]
    public void Good_inputs_have_no_findings()
    {
        Weights("droid.pth");
        _given["weights"] = "droid.pth";
        Assert.Empty(Codes());
    }

    [Fact]
    public void E820_no_sequence_to_learn_from()
    {
        _given["dataset"] = "nowhere";
        Assert.Equal(["E820"], Codes());
        Directory.CreateDirectory(Path.Combine(_folder.Path, "nowhere"));
        Assert.Equal(["E820"], Codes());
        _given["layout"] = "tartanair";
        Assert.Equal(["E820"], Codes());
    }

    [Fact]
    public void E820_sequences_that_are_kept_for_judging()
    {
        _given["dataset"] = Copy();
        _folder.Write("data/room/sequence.json", """{"split":"val"}""");
        Assert.Equal(["E820"], Codes());
    }

    [Fact]
    public void What_is_wrong_with_a_sequence_has_the_code_of_scene_check()
    {
        _given["dataset"] = Copy();
        File.WriteAllLines(
            Path.Combine(_folder.Path, "data/room/poses.txt"),
            [.. File.ReadAllLines(Path.Combine(_folder.Path, "data/room/poses.txt")).AsEnumerable().Reverse()]
        );
        Assert.Equal(["E807"], Codes());
        _folder.Write("data/room/poses.txt", "0 0 0 0 0 0 1\n");
        Assert.Equal(["E802"], Codes());
        Assert.Contains("room: 9 images", Findings()[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void E802_a_sequence_of_TartanAir_that_lacks_depths()
    {
        foreach (var name in (string[])["image_left/0.png", "image_left/1.png", "depth_left/0.npy", "depth_left/1.npy"])
            _folder.Write($"tartan/sea/sea/Easy/P000/{name}", "");
        _folder.Write("tartan/sea/sea/Easy/P000/pose_left.txt", "0 0 0 0 0 0 1\n0 0 0 0 0 0 1\n");
        (_given["dataset"], _given["layout"]) = ("tartan", "tartanair");
        Assert.Empty(Codes());
        File.Delete(Path.Combine(_folder.Path, "tartan/sea/sea/Easy/P000/depth_left/1.npy"));
        Assert.Equal(["E802"], Codes());
    }

    [Fact]
    public void E821_a_state_that_is_none()
    {
        _given["resume"] = "gone.pth";
        Assert.Equal(["E821"], Codes());
        Weights("gone.pth");
        Assert.Equal(["E821"], Codes());
        Assert.Contains("give it as --weights", Findings()[0].Text, StringComparison.Ordinal);
        File.WriteAllBytes(
            Path.Combine(_folder.Path, "gone.pth"),
            PickleBuilder.Zip(
                new PickleBuilder().Op('}').Text("step").Number(7).Op('s').Text("model").Op('}').Op('s').End()
            )
        );
        Assert.Empty(Codes());
    }

    [Fact]
    public void All_findings_come_at_once()
    {
        foreach (
            var (name, value) in ((string, string)[])
                [
                    ("dataset", "nowhere"),
                    ("tartanair", "nowhere"),
                    ("weights", "gone.pth"),
                    ("resume", "gone.pth"),
                    ("steps", "0"),
                    ("checkpoint-name", "a/b"),
                ]
        )
            _given[name] = value;
        _given.Remove("image");
        Assert.Equal(
            [
                "--steps takes a whole number from 1 to 100000000, not '0'",
                "E820",
                "E820",
                "E301",
                "E821",
                "E822",
                "--checkpoint-name takes letters, digits and . _ -, not 'a/b'",
                "--image or --image-file is missing: the container image that DROID-SLAM runs in",
            ],
            Codes()
        );
    }

    private void Weights(string name) =>
        File.WriteAllBytes(Path.Combine(_folder.Path, name), DroidWeights.Of(DroidWeights.Heads));

    private string Copy()
    {
        foreach (var file in Directory.GetFiles(sound.Path, "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(_folder.Path, "data", Path.GetRelativePath(sound.Path, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
        return "data";
    }

    /// <summary>A data set of one sequence, rendered once.</summary>
    public sealed class Sound : IDisposable
    {
        private readonly TempFolder _folder = new();

        public Sound() => new SyntheticScene(9, 384, 512).WriteSequence(_folder["room"]);

        public string Path => _folder[""];

        public void Dispose() => _folder.Dispose();
    }
}
