using System.Globalization;

namespace Muster.Recipes.DroidSlam;

/// <summary>Looks at everything that inference is given, without a network.</summary>
internal static class InferCheck
{
    public static IEnumerable<RecipeFinding> Run(RecipeValues values, string memory)
    {
        int Number(string name, int fallback) =>
            values.Parameters.TryGetValue(name, out var text)
            && int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
                ? number
                : fallback;

        (int, int)? size = null;
        var findings = new List<RecipeFinding>();
        if (values.LocalPath("images") is { } images)
            findings.AddRange(
                PngFolder.Check(
                    images,
                    Number("stride", 3),
                    Number("t0", 0),
                    Number("warmup", 8),
                    Number("buffer", 512),
                    out size
                )
            );
        if (values.LocalPath("calibration") is { } calibration)
            findings.AddRange(Calibration.Check(calibration, size));
        if (values.LocalPath("weights") is { } weights)
            findings.AddRange(Checkpoint.Check(weights, memory));
        findings.AddRange(Shared(values));
        return findings;
    }

    /// <summary>What inference and training share.</summary>
    public static IEnumerable<RecipeFinding> Shared(RecipeValues values)
    {
        if (!values.Parameters.ContainsKey("image") && !values.Inputs.ContainsKey("image-file"))
            yield return RecipeFinding.Error(
                "--image or --image-file is missing: the container image that DROID-SLAM runs in"
            );
        if (values.LocalPath("image-file") is { } file && !File.Exists(file))
            yield return RecipeFinding.Error($"--image-file: {file} does not exist");
        if (values.LocalPath("source") is { } source && !Directory.Exists(Path.Combine(source, "droid_slam")))
            yield return RecipeFinding.Error($"--source: {source} has no droid_slam/, and is not DROID-SLAM's source");
    }
}
