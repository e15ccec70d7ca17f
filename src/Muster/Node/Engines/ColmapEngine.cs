using System.Globalization;
using System.Text.RegularExpressions;
using Muster.NodeOdm;
using Muster.Shell;

namespace Muster.Node.Engines;

/// <summary>
/// COLMAP on the processor: where the cameras were, and the points they saw, as a COLMAP model and as PLY.
/// </summary>
internal sealed partial class ColmapEngine(string program, string version) : IEngine
{
    public string Name => "colmap";
    public string Version => version;
    public IReadOnlyList<string> Results { get; } = ["colmap", "points.ply", "task_output.txt"];

    public IReadOnlyList<OptionDescription> Options { get; } =
    [
        Option(
            "camera-model",
            "enum",
            "SIMPLE_RADIAL",
            OptionDomain.Of(
                "SIMPLE_PINHOLE",
                "PINHOLE",
                "SIMPLE_RADIAL",
                "RADIAL",
                "OPENCV",
                "OPENCV_FISHEYE",
                "FULL_OPENCV"
            ),
            "How lenses are modelled. One of: %(choices)s. Default: %(default)s"
        ),
        Option(
            "matcher",
            "enum",
            "exhaustive",
            OptionDomain.Of("exhaustive", "sequential", "spatial"),
            "Which photos are compared: all pairs, those near in the order of their names, or near by GPS. Default: "
                + "%(default)s"
        ),
        Option(
            "max-concurrency",
            "int",
            Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
            new("positive integer"),
            "Most threads at once. Default: %(default)s"
        ),
        Option(
            "max-image-size",
            "int",
            "3200",
            new("integer: 100 <= x <= 100000"),
            "Photos are made smaller to this many pixels first. Default: %(default)s"
        ),
        Option(
            "max-num-features",
            "int",
            "8192",
            new("integer: 100 <= x <= 1000000"),
            "Most features to take from each photo. Default: %(default)s"
        ),
        Option(
            "single-camera",
            "bool",
            "false",
            OptionDomain.Any,
            "All photos are of one camera with one lens. Default: %(default)s"
        ),
    ];

    /// <summary>Null when COLMAP is not here, or does not run.</summary>
    public static async Task<ColmapEngine?> FindAsync(CancellationToken ct)
    {
        if (Programs.Find("colmap") is not { } program)
            return null;
        var (code, said, errors) = await Programs.RunAsync(
            new([program, "help"], "/")
            {
                Environment = new Dictionary<string, string> { ["QT_QPA_PLATFORM"] = "offscreen" },
            },
            "",
            ct
        );
        return code == 0
            ? new(program, VersionText().Match(said + errors) is { Success: true } match ? match.Groups[1].Value : "?")
            : null;
    }

    public async Task<string?> RunAsync(EngineWork work, CancellationToken ct)
    {
        string Of(string name) => work.Option(name) ?? Options.First(option => option.Name == name).Value;
        var words = new[]
        {
            "sh",
            "-c",
            ShellScripts.Read("Node/Engines/colmap.sh"),
            "colmap",
            program,
            work.Folder,
            Of("max-concurrency"),
            Of("matcher"),
            Of("max-image-size"),
            Of("max-num-features"),
            Of("camera-model"),
            Of("single-camera") == "true" ? "1" : "0",
        };
        var progress = new OutputProgress(work, Percent(work.Photos().Count));
        return OdmResults.ErrorOf(
            await EngineProcess.RunAsync(work, new(words, work.Folder), progress.Tick, () => Task.CompletedTask, ct)
        );
    }

    /// <summary>A third for features, a third for matching, the rest for mapping, by what COLMAP 3.8 says.</summary>
    internal static Func<string, double?> Percent(int photos) =>
        line =>
        {
            if (Extracted().Match(line) is { Success: true } extracted)
                return 33 * Share(extracted);
            if (Matched().Match(line) is { Success: true } matched)
                return 33 + (33 * Share(matched));
            if (Registered().Match(line) is { Success: true } registered)
                return 66 + (30 * Math.Min(1, Number(registered, 1) / Math.Max(1, photos)));
            return line.StartsWith("[muster] exporting", StringComparison.Ordinal) ? 97 : null;
        };

    private static double Share(Match match) => Math.Min(1, Number(match, 1) / Math.Max(1, Number(match, 2)));

    private static double Number(Match match, int group) =>
        double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private static OptionDescription Option(string name, string type, string value, OptionDomain domain, string help) =>
        new()
        {
            Name = name,
            Type = type,
            Value = value,
            Domain = domain,
            Help = help,
        };

    [GeneratedRegex(@"COLMAP ([0-9][\w.]*)")]
    private static partial Regex VersionText();

    [GeneratedRegex(@"Processed file \[([0-9]+)/([0-9]+)\]")]
    private static partial Regex Extracted();

    [GeneratedRegex(@"Matching (?:block|image) \[([0-9]+)/([0-9]+)")]
    private static partial Regex Matched();

    [GeneratedRegex(@"Registering image #[0-9]+ \(([0-9]+)\)")]
    private static partial Regex Registered();
}
