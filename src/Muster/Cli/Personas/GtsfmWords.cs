using System.Text.RegularExpressions;
using Muster.Faults;

namespace Muster.Cli.Personas;

/// <summary>
/// The words of a GTSfM command line that belong to no option: Hydra's overrides, and before them the program that
/// people start, such as
/// <c>python /home/me/gtsfm/gtsfm/runner run_scene_optimizer_colmaploader.py</c>. That one says which loader, and where
/// the checkout is.
/// </summary>
internal sealed partial record GtsfmWords(
    string? Loader,
    string? Checkout,
    string? Python,
    IReadOnlyList<string> Overrides
)
{
    private static readonly Dictionary<string, string?> Loaders = new()
    {
        [""] = null,
        ["colmaploader"] = "colmap",
        ["olssonloader"] = "olsson",
        ["1dsfm"] = "one_d_sfm",
        ["argoverse"] = "argoverse",
        ["astronet"] = "astrovision",
        ["astrovision"] = "astrovision",
        ["hilti"] = "hilti",
        ["mobilebrick"] = "mobilebrick",
        ["tanks_and_temples"] = "tanks_and_temples",
        ["yfcc_imb"] = "yfcc_imb",
    };

    public static GtsfmWords Of(IEnumerable<string> words)
    {
        string? loader = null,
            checkout = null,
            python = null;
        var overrides = new List<string>();
        foreach (var word in words)
        {
            if (Program().Match(word) is not { Success: true } program)
            {
                overrides.Add(word);
                continue;
            }
            if (program.Groups["checkout"] is { Success: true, Value: var path })
                checkout = Path.GetFullPath(path);
            if (program.Groups["python"] is { Success: true, Value: var interpreter })
                python = interpreter;
            if (program.Groups["script"] is not { Success: true, Value: var script })
                continue;
            if (!Loaders.TryGetValue(script.TrimStart('_'), out loader))
            {
                throw UserException.Misuse(
                    $"Muster has no equivalent of {Path.GetFileName(word)}",
                    "Run it unchanged: muster submit -- python …"
                );
            }
        }
        return new(loader, checkout, python, overrides);
    }

    [GeneratedRegex(
        @"\A((?<python>/.*/python[0-9.]*)|(.*/)?(uv|python[0-9.]*|run)|((?<checkout>.+)/)?gtsfm/runner(\.py|/)?|(((?<checkout>.+)/)?gtsfm/runner/|\./)?run_scene_optimizer(?<script>_\w+|)\.py)\z"
    )]
    private static partial Regex Program();
}
