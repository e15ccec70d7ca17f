using System.Text.RegularExpressions;
using Muster.Scenes;
using Muster.Scenes.Datasets;
using Muster.Scenes.Formats.Tensors;

namespace Muster.Recipes.DroidSlam;

/// <summary>
/// Looks at everything that training is given, without a network: a week of GPUs is not spent on poses that point the
/// wrong way.
/// </summary>
internal static partial class TrainCheck
{
    public static IEnumerable<RecipeFinding> Run(RecipeValues values, string memory)
    {
        var custom = values.Parameters.GetValueOrDefault("layout") is "custom";
        if (values.LocalPath("dataset") is { } dataset)
            foreach (var finding in custom ? Sequences(dataset) : TartanAir(dataset))
                yield return finding;
        if (values.LocalPath("tartanair") is { } more)
            foreach (var finding in TartanAir(more))
                yield return finding;
        if (values.LocalPath("weights") is { } weights)
            foreach (var finding in Checkpoint.Check(weights, memory))
                yield return finding;
        if (values.LocalPath("resume") is { } resume && NoState(resume) is { } why)
            yield return RecipeFinding.Error($"{resume} is no saved state of a training: {why}", "E821");
        if (values.Inputs.ContainsKey("resume") && values.Inputs.ContainsKey("weights"))
            yield return RecipeFinding.Error("--resume brings its weights along: leave --weights out", "E822");
        if (values.Parameters.GetValueOrDefault("checkpoint-name") is { } name && !Names().IsMatch(name))
            yield return RecipeFinding.Error($"--checkpoint-name takes letters, digits and . _ -, not '{name}'");
        foreach (var finding in InferCheck.Shared(values))
            yield return finding;
    }

    private static List<RecipeFinding> Sequences(string dataset)
    {
        try
        {
            var reports = SequenceCheck.RunAll(dataset, null, CancellationToken.None);
            var findings = reports
                .SelectMany(report => report.Findings.Select(finding => Of(report.Path, finding)))
                .ToList();
            if (reports.All(report => !IsForTraining(report.Path)))
                findings.Add(RecipeFinding.Error($"{dataset} has no sequence whose split is train", "E820"));
            return findings;
        }
        catch (SceneException fault)
        {
            return [RecipeFinding.Error(fault.Message[(fault.Message.IndexOf(' ') + 1)..], "E820")];
        }
    }

    private static RecipeFinding Of(string sequence, DatasetFinding finding) =>
        new(
            finding.ToString().Split(' ')[0],
            finding.Level is FindingLevel.Error,
            finding.Text.StartsWith(sequence, StringComparison.Ordinal) ? finding.Text : $"{sequence}: {finding.Text}"
        );

    private static bool IsForTraining(string sequence)
    {
        try
        {
            return new SequenceFolder(sequence).ReadSplit() is "train";
        }
        catch (SceneException)
        {
            return true;
        } // told already
    }

    /// <summary>Four folders deep, as the program looks for it.</summary>
    private static IEnumerable<RecipeFinding> TartanAir(string root)
    {
        var sequences = Directory.Exists(root)
            ? Deep(root, 4).Where(folder => File.Exists(Path.Combine(folder, "pose_left.txt"))).ToList()
            : [];
        if (sequences.Count == 0)
            yield return RecipeFinding.Error(
                $"{root} has no ENV/ENV/LEVEL/SEQUENCE/pose_left.txt, as TartanAir has",
                "E820"
            );
        foreach (var sequence in sequences)
        {
            var (images, depths, poses) = (
                Count(sequence, "image_left", "*.png"),
                Count(sequence, "depth_left", "*.npy"),
                File.ReadLines(Path.Combine(sequence, "pose_left.txt")).Count(line => line.AsSpan().Trim().Length > 0)
            );
            if (images != depths || images != poses)
                yield return RecipeFinding.Error(
                    $"{sequence} has {images} images, {depths} depth maps and {poses} poses: each image needs one of "
                        + "both",
                    "E802"
                );
        }
    }

    private static IEnumerable<string> Deep(string folder, int levels) =>
        levels == 0
            ? [folder]
            : Directory
                .EnumerateDirectories(folder)
                .Order(StringComparer.Ordinal)
                .SelectMany(below => Deep(below, levels - 1));

    private static int Count(string sequence, string folder, string pattern) =>
        Path.Combine(sequence, folder) is var path && Directory.Exists(path)
            ? Directory.EnumerateFiles(path, pattern).Count()
            : 0;

    private static string? NoState(string path)
    {
        if (!File.Exists(path))
            return "it does not exist";
        try
        {
            using var file = TensorFile.Open(path);
            return file.Tensors.Count > 0 ? "it holds weights alone; give it as --weights" : null;
        }
        catch (SceneException fault)
        {
            return fault.Message;
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]*\z")]
    private static partial Regex Names();
}
