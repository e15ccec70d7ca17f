using System.Text.RegularExpressions;
using Muster.Faults;
using Muster.NodeOdm;

namespace Muster.Node.Engines;

/// <summary>
/// ODM, installed here or in a container image. Its words go to it as a vector, never through a shell.
/// </summary>
internal sealed partial class OdmEngine : IEngine
{
    private static readonly string[] Stages =
    [
        "dataset",
        "split",
        "merge",
        "opensfm",
        "openmvs",
        "odm_filterpoints",
        "odm_meshing",
        "mvs_texturing",
        "odm_georeferencing",
        "odm_dem",
        "odm_orthophoto",
        "odm_report",
        "odm_postprocess",
    ];

    private readonly OdmHome _home;

    private OdmEngine(OdmHome home, OdmSurvey survey)
    {
        (_home, Name, Version) = (home, survey.Engine, survey.Version);
        Options = OdmArguments.Describe(survey.Arguments);
    }

    public string Name { get; }
    public string Version { get; }
    public IReadOnlyList<OptionDescription> Options { get; }
    public IReadOnlyList<string> Results => OdmResults.All;

    /// <summary>
    /// Asks the installation for its options; without them nothing can be checked, so no node starts.
    /// </summary>
    public static async Task<OdmEngine> OpenAsync(OdmHome home, CancellationToken ct)
    {
        var (code, said, fault) = await Programs.RunAsync(home.Python(), Helper(), ct);
        var survey = OdmArguments.Read(said);
        return code == 0 && survey is { Arguments.Count: > 0 }
            ? new(home, survey)
            : throw new UserException(
                $"the options of ODM in {home.Where} cannot be read: {Why(said, fault)}",
                "Check that ODM runs there by itself: run.sh --help."
            );
    }

    public async Task<string?> RunAsync(EngineWork work, CancellationToken ct)
    {
        var progress = new OutputProgress(work, Percent);
        var code = await EngineProcess.RunAsync(
            work,
            _home.Command(work),
            progress.Tick,
            () => _home.CleanAsync(work),
            ct
        );
        return OdmResults.ErrorOf(code);
    }

    /// <summary>ODM names each stage as it begins it.</summary>
    private static double? Percent(string line) =>
        Stage().Match(line) is { Success: true } match
        && Array.IndexOf(Stages, match.Groups[1].Value) is >= 0 and var at
            ? 100.0 * at / Stages.Length
            : null;

    private static string Helper()
    {
        using var reader = new StreamReader(
            typeof(OdmEngine).Assembly.GetManifestResourceStream("Node/Engines/odm_options.py")!
        );
        return reader.ReadToEnd();
    }

    private static string Why(string said, string fault) =>
        said.Split('\n')
            .FirstOrDefault(line => line.StartsWith("MUSTER-FAULT ", StringComparison.Ordinal))
            ?["MUSTER-FAULT ".Length..]
        ?? fault.Trim().Split('\n').LastOrDefault(line => line.Length > 0)
        ?? "it says nothing";

    [GeneratedRegex(@"Running (\w+) stage")]
    private static partial Regex Stage();
}
