using Muster.Configuration;
using Muster.Faults;
using Muster.Recipes;
using Muster.Runs.Submit;
using Muster.Sites.Import;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Cli.Personas;

/// <summary>What a config file of DROIDSLAMCLI says, as a recipe, a submission and an export take it.</summary>
/// <param name="kind"><c>infer</c> or <c>train</c>.</param>
internal sealed class DroidSlamWork(DroidSlamFile file, string kind, ConfigSources sources)
{
    private static readonly (string Name, string Key)[] Shared =
    [
        ("runtime", "container.runtime"),
        ("repository", "source.repository"),
        ("ref", "source.ref"),
        ("stage-on", "remote.stageOn"),
        ("warn", "slurm.signalBeforeEnd"),
    ];

    private static readonly (string Name, string Key)[] OfInfer =
    [
        ("images", "infer.imageDir"),
        ("calibration", "infer.calibration"),
        ("weights", "infer.weights"),
        ("stride", "infer.stride"),
        ("t0", "infer.t0"),
        ("buffer", "infer.buffer"),
        ("asynchronous", "infer.asynchronous"),
    ];

    private static readonly (string Name, string Key)[] OfTrain =
    [
        ("dataset", "train.dataset"),
        ("resume", "train.resume"),
        ("layout", "train.layout"),
        ("checkpoint-name", "train.name"),
        ("steps", "train.steps"),
        ("lr", "train.lr"),
        ("requeue", "slurm.requeue"),
    ];

    private static readonly (string Option, string Key)[] OfExport =
    [
        ("--timestamps", "infer.timestamps"),
        ("--preset", "export.preset"),
        ("--threshold", "export.threshold"),
        ("--count", "export.count"),
        ("--min-disp-ratio", "export.minDispRatio"),
        ("--mean-scope", "export.meanScope"),
        ("--subsample", "export.subsample"),
        ("--neighbours", "export.neighbours"),
        ("--voxel", "export.voxel"),
        ("--max-depth", "export.maxDepth"),
        ("--keyframes", "export.keyframes"),
        ("--scale", "export.scale"),
        ("--ply", "export.ply"),
        ("--timestamps", "export.timestamps"),
    ];

    /// <summary>What the recipe gets, under its own names.</summary>
    public Dictionary<string, string> Given(Recipe recipe)
    {
        var given = new Dictionary<string, string>();
        // The program's own name for what the recipe calls weights.
        foreach (var (flag, value) in file.ParametersOf(kind))
            Take(flag is "ckpt" ? "weights" : flag.Replace('_', '-'), value);
        foreach (var (name, key) in Shared.Concat(kind is "infer" ? OfInfer : OfTrain))
            Take(name, file.Find(key));
        if (file.Find("container.image") is { } image)
            Take(IsHere(image) ? "image-file" : "image", image);
        return given;

        void Take(string name, string? value)
        {
            if (value is { Length: > 0 })
                given[name] = recipe.Inputs.Any(input => input.Name == name) ? Place(value) : value;
        }
    }

    /// <summary>What is asked of the cluster, beside what the site always asks.</summary>
    public SubmitRequest Request()
    {
        var gpus = Number("train.gpus") is { } own && kind is "train" ? own : Number("slurm.gpuCount");
        return new()
        {
            Command = [],
            WorkingFolder = Directory.GetCurrentDirectory(),
            Gpus = gpus,
            Cpus = Number("slurm.cpusPerTask"),
            Memory = file.Find("slurm.mem"),
            Time = file.Find("slurm.timeLimit") is { } time && TimeLimit.TryParse(time, out _) ? time : null,
            Set = file.Find("slurm.gpuType") is { Length: > 0 } type
                ? [$"gres=gpu:{type}:{gpus ?? (kind is "train" ? 4 : 1)}"]
                : [],
        };
    }

    public IEnumerable<RecipeFinding> Findings()
    {
        if (file.Find("slurm.timeLimit") is { } time && !TimeLimit.TryParse(time, out _))
            yield return RecipeFinding.Error(
                $"slurm.timeLimit '{ConfigFile.Flat(time)}' is not a SLURM time limit: M, M:S, H:M:S, D-H, D-H:M or "
                    + "D-H:M:S",
                "E401"
            );
        foreach (var asked in file.Asked.Where(asked => file.Find("slurm." + asked) is null))
            yield return RecipeFinding.Error(
                $"slurm.{asked} is missing, and this cluster requires it for every job",
                "E402"
            );
    }

    /// <summary>Options of `scene export`; the later of two wins.</summary>
    public IEnumerable<string> ExportOptions() =>
        OfExport
            .Where(entry => file.Find(entry.Key) is { Length: > 0 })
            .GroupBy(entry => entry.Option)
            .SelectMany(group => (string[])[group.Key, file.Find(group.Last().Key)!]);

    /// <summary>
    /// Data sets are large, and may be on the cluster already: a full path that is not here is there.
    /// </summary>
    private string Place(string path) =>
        path.StartsWith('/') && !Path.Exists(path) ? RecipeValues.There + path : file.Local(path, sources);

    private bool IsHere(string image) =>
        image.EndsWith(".sif", StringComparison.Ordinal) && File.Exists(file.Local(image, sources));

    private int? Number(string key) =>
        file.Find(key) is not { } text ? null
        : int.TryParse(text, out var number) && number >= 0 ? number
        : throw UserException.Misuse(
            $"{key} takes a whole number, not '{ConfigFile.Flat(text)}'",
            "Correct it in the config file."
        );
}
