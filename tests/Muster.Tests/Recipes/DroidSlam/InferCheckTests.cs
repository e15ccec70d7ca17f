using System.Buffers.Binary;
using System.IO.Compression;
using Muster.Recipes.Checks;

namespace Muster.Recipes.DroidSlam;

/// <summary>One small file for each code, and a set of inputs that has none.</summary>
public sealed class InferCheckTests : IDisposable
{
    private readonly RecipeFolder _folder = new();
    private readonly Dictionary<string, string> _given = new()
    {
        ["images"] = "images",
        ["calibration"] = "calib.txt",
        ["weights"] = "droid.pth",
        ["stride"] = "1",
        ["image"] = "docker://droid",
    };

    public InferCheckTests()
    {
        foreach (var at in Enumerable.Range(0, 24))
            Image($"{at:000}.png");
        _folder.Write("calib.txt", "320 320 320 240\n");
        Weights("droid.pth");
    }

    public void Dispose() => _folder.Dispose();

    private List<string> Codes() => [.. Findings().Select(finding => finding.Code ?? finding.Text)];

    private IReadOnlyList<RecipeFinding> Findings() =>
        RecipeChecks
            .Read(_folder.Book.Get("droid-slam/infer"), _given, _folder.Path, Path.Combine(_folder.Path, "memory"))
            .Findings;

    [Fact]
    public void Good_inputs_have_no_findings() => Assert.Empty(Codes());

    [Theory]
    [InlineData("2", 1)] // DROID-SLAM of 2025 takes the median of what lies before the second keyframe: of nothing
    [InlineData("3", 0)]
    public void The_program_cannot_initialise_from_two_keyframes(string warmup, int findings)
    {
        _given["warmup"] = warmup;
        Assert.Equal(findings, Findings().Count);
    }

    [Fact]
    public void E101_images_that_are_no_folder()
    {
        _given["images"] = "calib.txt";
        Assert.Equal(["E101"], Codes());
    }

    [Fact]
    public void E102_no_png_in_it()
    {
        _given["images"] = "empty";
        Directory.CreateDirectory(Path.Combine(_folder.Path, "empty", "x.png"));
        Assert.Equal(["E102", "W103"], Codes());
    }

    [Fact]
    public void W103_other_files_and_folders()
    {
        _folder.Write("images/notes.txt", "");
        _folder.Write("images/more/000.png", "");
        Assert.Equal(
            "W103 more, notes.txt in "
                + Path.Combine(_folder.Path, "images")
                + " stay here: only the .png directly in it travel",
            Findings().Single().ToString()
        );
    }

    [Theory]
    [InlineData("not a png, though it is longer than a header has to be")]
    [InlineData("")]
    public void E104_what_only_is_called_png(string text)
    {
        _folder.Write("images/003.png", text);
        Assert.Equal(["E104"], Codes());
    }

    [Fact]
    public void E104_a_size_of_nothing()
    {
        Image("003.png", width: 0);
        Assert.Equal(["E104"], Codes());
    }

    [Fact]
    public void E105_two_sizes()
    {
        Image("020.PNG", width: 320);
        Assert.Equal(["E105"], Codes());
    }

    [Theory]
    [InlineData(16, 2)]
    [InlineData(8, 0)]
    [InlineData(8, 3)]
    [InlineData(8, 6)]
    public void W106_images_that_are_converted(byte depth, byte kind)
    {
        Image("003.png", depth: depth, kind: kind);
        Assert.Equal(["W106"], Codes());
    }

    [Theory]
    [InlineData("4", "0")]
    [InlineData("1", "17")]
    public void E107_too_few_frames(string stride, string t0)
    {
        (_given["stride"], _given["t0"]) = (stride, t0);
        Assert.Equal(["E107"], Codes());
    }

    [Fact]
    public void W108_few_frames()
    {
        _given["t0"] = "1";
        Assert.Equal(["W108"], Codes());
    }

    [Fact]
    public void W109_numbers_of_different_lengths()
    {
        Image("1000.png");
        Assert.Equal(["W109"], Codes());
    }

    [Fact]
    public void E110_a_control_character_in_a_name()
    {
        Image("a\nb.png");
        Assert.Equal(["E110"], Codes());
    }

    [Fact]
    public void W111_more_keyframes_than_there_is_room_for()
    {
        _given["buffer"] = "32";
        foreach (var at in Enumerable.Range(100, 40))
            Image($"{at}.png");
        Assert.Equal(["W111"], Codes());
    }

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment\n")]
    [InlineData("320 320 320 240\n320 320 320 240\n")]
    [InlineData("\u0001\u0002")]
    public void E201_not_one_line(string text)
    {
        _folder.Write("calib.txt", text);
        Assert.Equal(["E201"], Codes());
    }

    [Theory]
    [InlineData("320 320 320")]
    [InlineData("320 320 320 240 1 2 3")]
    [InlineData("320 320 320 nan")]
    [InlineData("320,320,320,240")]
    public void E202_not_so_many_numbers(string text)
    {
        _folder.Write("calib.txt", text);
        Assert.Equal(["E202"], Codes());
    }

    [Theory]
    [InlineData("320 320 320 240")]
    [InlineData("# TUM\n 517.3\t516.5 318.6  255.3 0.2624 -0.9531 -0.0054 0.0026 1.1633\r\n")]
    [InlineData("320 320 320 240 0 0 0 0 0 0 0 0 0 0 0 0 0 0")]
    public void Calibrations_as_people_write_them_are_good(string text)
    {
        _folder.Write("calib.txt", text);
        Assert.Empty(Codes());
    }

    [Fact]
    public void E203_no_focal_length()
    {
        _folder.Write("calib.txt", "0 320 320 240");
        Assert.Equal(["E203"], Codes());
    }

    [Theory]
    [InlineData("320 320 700 240")]
    [InlineData("320 320 320 -1")]
    [InlineData("100 320 320 240")]
    [InlineData("320 4000 320 240")]
    public void W204_a_calibration_of_other_images(string text)
    {
        _folder.Write("calib.txt", text);
        Assert.Equal(["W204"], Codes());
    }

    [Fact]
    public void W205_a_fisheye_lens()
    {
        _folder.Write("calib.txt", "320 320 320 240 -1.5 0 0 0");
        Assert.Equal(["W205"], Codes());
    }

    [Fact]
    public void E301_weights_that_are_too_small_or_not_there()
    {
        _folder.Write("small.pth", "PK");
        _given["weights"] = "small.pth";
        Assert.Equal(["E301"], Codes());
        _given["weights"] = "gone.pth";
        Assert.Equal(["E301"], Codes());
    }

    [Fact]
    public void E302_a_file_that_pytorch_did_not_save()
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, "droid.pth"), new byte[1_100_000]);
        Assert.Equal(["E302"], Codes());
        Zip("droid.pth", "archive/other.pkl", []);
        Assert.Equal(["E302"], Codes());
    }

    [Fact]
    public void E303_weights_of_another_network()
    {
        void Of(byte[] bytes) => File.WriteAllBytes(Path.Combine(_folder.Path, "droid.pth"), bytes);
        Of(DroidWeights.Of(DroidWeights.Heads.SkipLast(1)));
        Assert.Equal(["E303"], Codes());
        Assert.Contains("it has no update.delta.2.bias", Findings().Single().Text, StringComparison.Ordinal);
        Of(DroidWeights.Of(DroidWeights.Heads, rows: 1));
        Assert.Equal(["E303"], Codes());
        Zip("droid.pth", "archive/data.pkl", [0x80, 2, (byte)'c', .. "os\nsystem\n"u8, (byte)'.']);
        Assert.Equal(["E303"], Codes());
        Of(DroidWeights.Of(DroidWeights.Heads, rows: 3));
        Assert.Empty(Codes());
    }

    [Fact]
    public void W304_other_weights_of_the_same_name()
    {
        Assert.Empty(Codes());
        Assert.Empty(Codes());
        Weights("droid.pth", seed: 2);
        Assert.Equal(["W304"], Codes());
    }

    [Fact]
    public void What_runs_it_must_be_named()
    {
        _given.Remove("image");
        Assert.Equal(
            "--image or --image-file is missing: the container image that DROID-SLAM runs in",
            Findings().Single().Text
        );
        _given["source"] = "images";
        _given["image-file"] = "gone.sif";
        Assert.Equal(2, Findings().Count(finding => finding.IsError));
    }

    [Fact]
    public void All_findings_come_at_once()
    {
        _folder.Write("images/003.png", "");
        _folder.Write("calib.txt", "1 2");
        _given["weights"] = "gone.pth";
        _given["stride"] = "0";
        Assert.Equal(
            ["--stride takes a whole number from 1 to 10000, not '0'", "E104", "W108", "E202", "E301"],
            Codes()
        );
    }

    private void Image(string name, int width = 640, byte depth = 8, byte kind = 2)
    {
        var bytes = new byte[33];
        byte[] start = [0x89, .. "PNG\r\n"u8, 0x1a, (byte)'\n', 0, 0, 0, 13, .. "IHDR"u8];
        start.CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(20), 480);
        (bytes[24], bytes[25]) = (depth, kind);
        Directory.CreateDirectory(Path.Combine(_folder.Path, "images"));
        File.WriteAllBytes(Path.Combine(_folder.Path, "images", name), bytes);
    }

    private void Weights(string name, byte seed = 1) =>
        File.WriteAllBytes(Path.Combine(_folder.Path, name), DroidWeights.Of(DroidWeights.Heads, seed: seed));

    private void Zip(string name, string member, byte[] bytes)
    {
        using var zip = new ZipArchive(
            new FileStream(Path.Combine(_folder.Path, name), FileMode.Create),
            ZipArchiveMode.Create
        );
        using (var first = zip.CreateEntry(member).Open())
            first.Write(bytes);
        using var second = zip.CreateEntry("archive/data/0", CompressionLevel.NoCompression).Open();
        second.Write(new byte[1_100_000]);
    }
}
