using System.Text;
using Muster.NodeOdm;

namespace Muster.Node.Engines;

/// <summary>How the test engine behaves: NodeODM's test switches, and failures drawn from a seed.</summary>
public sealed record TestSwitches
{
    public TimeSpan Takes { get; init; }
    public bool FailTasks { get; init; }
    public bool SkipOrthophotos { get; init; }
    public bool SkipDems { get; init; }

    /// <summary>
    /// The share of tasks that fail, 0 to 1. Which ones, and how, follows from the seed and the task's id.
    /// </summary>
    public double FailureRate { get; init; }
    public int Seed { get; init; }
}

/// <summary>Computes nothing and answers like ODM, so that clients and gateways can be tried.</summary>
public sealed class TestEngine(TestSwitches switches) : IEngine
{
    private const int Lines = 278;
    private static readonly string[] Stages =
    [
        "dataset",
        "opensfm",
        "openmvs",
        "odm_filterpoints",
        "odm_meshing",
        "mvs_texturing",
        "odm_georeferencing",
        "odm_dem",
        "odm_orthophoto",
        "odm_report",
    ];
    private static readonly int[] Codes = [1, 137, 132, 3, 7];

    public string Name => "odm";
    public string Version => "3.6.0";
    public IReadOnlyList<OptionDescription> Options => BundledOptions.All;
    public IReadOnlyList<string> Results => OdmResults.All;

    public async Task<string?> RunAsync(EngineWork work, CancellationToken ct)
    {
        var draw = new Random(BitConverter.ToInt32(HashOf($"{switches.Seed}/{work.Uuid}")));
        var fails = draw.NextDouble() < switches.FailureRate;
        foreach (var line in Enumerable.Range(0, Lines))
            work.Output.Say(Line(line));
        for (var step = 1; step <= Stages.Length; step++)
        {
            if (switches.Takes > TimeSpan.Zero)
                await Task.Delay(switches.Takes / Stages.Length, ct);
            work.Progress(100.0 * step / Stages.Length);
            if (fails && step == 1 + draw.Next(Stages.Length - 1))
                return OdmResults.ErrorOf(Codes[draw.Next(Codes.Length)]);
        }
        if (switches.FailTasks || fails)
            return OdmResults.ErrorOf(1);
        Write(work.Folder);
        return null;
    }

    private static byte[] HashOf(string text) =>
        System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static string Line(int number) =>
        number % 28 == 0
            ? $"[INFO]    Running {Stages[number / 28 % Stages.Length]} stage"
            : $"[INFO]    Test mode, line {number + 1} of {Lines}: nothing is computed";

    private void Write(string folder)
    {
        var files = new List<string>
        {
            "odm_georeferencing/odm_georeferenced_model.laz",
            "odm_texturing/odm_textured_model_geo.obj",
            "odm_report/report.pdf",
            "cameras.json",
            "images.json",
            "log.json",
        };
        if (!switches.SkipOrthophotos)
            files.AddRange(["odm_orthophoto/odm_orthophoto.tif", "odm_orthophoto/odm_orthophoto.png"]);
        if (!switches.SkipDems)
            files.AddRange(["odm_dem/dsm.tif", "odm_dem/dtm.tif"]);
        foreach (var file in files)
        {
            var path = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(
                path,
                file == "images.json" ? "[]"
                    : file.EndsWith(".json", StringComparison.Ordinal) ? "{}"
                    : $"This stands for {file}.\n"
            );
        }
    }
}
