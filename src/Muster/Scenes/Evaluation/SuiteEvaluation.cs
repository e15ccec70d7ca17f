using Muster.Faults;
using Muster.Scenes.Formats.Trajectories;

namespace Muster.Scenes.Evaluation;

/// <summary>One sequence: the median error of its runs beside the published one.</summary>
/// <param name="Fault">Why there is no error: no result, or one that cannot be judged.</param>
/// <param name="Allowed">One and a half times the published error, and 5 mm.</param>
public sealed record SequenceResult(
    string Sequence,
    int Runs,
    double? Rmse,
    double? Published,
    double? Allowed,
    bool Passed,
    string? Fault
);

/// <summary>A benchmark's sequences, and what holds for all of them.</summary>
public sealed record SuiteResult(
    PublishedSuite Suite,
    IReadOnlyList<SequenceResult> Sequences,
    double? Mean,
    double? MeanAllowed,
    double? Score,
    double? ScoreTight,
    bool Passed
);

/// <summary>
/// Judges a folder of results: for each sequence SEQUENCE.tum, or a folder SEQUENCE with the .tum files of several
/// runs,
/// beside a folder of references with SEQUENCE.txt, .tum or .csv, or SEQUENCE/groundtruth.txt.
/// </summary>
public static class SuiteEvaluation
{
    private static readonly string[] ReferenceFiles =
    [
        "{0}.txt",
        "{0}.tum",
        "{0}.csv",
        "{0}/groundtruth.txt",
        "{0}/pose_left.txt",
        "{0}/mav0/state_groundtruth_estimate0/data.csv",
    ];

    public static SuiteResult Run(PublishedSuite suite, string results, string references, Association association)
    {
        if (!Directory.Exists(results))
            throw new UserException(
                $"{results} is no folder of results",
                "Name the folder with a SEQUENCE.tum for each sequence, or a folder SEQUENCE with the .tum of each run."
            );
        var names =
            suite.Errors.Count > 0
                ? suite.Errors.Select(error => error.Sequence)
                : Directory
                    .EnumerateFileSystemEntries(results)
                    .Select(entry => Path.GetFileNameWithoutExtension(entry)!)
                    .Distinct()
                    .Order(StringComparer.Ordinal);
        var sequences = names.Select(name => Judge(suite, name, results, references, association)).ToList();
        var measured = sequences
            .Where(sequence => sequence.Rmse is not null)
            .Select(sequence => sequence.Rmse!.Value)
            .ToList();
        if (measured.Count == 0)
            throw new UserException(
                $"{results} has no result of the suite {suite.Name}",
                $"Put there, for each sequence, a trajectory such as "
                    + $"{sequences.FirstOrDefault()?.Sequence ?? "NAME"}.tum."
            );
        // A mean of some sequences says nothing beside the mean of all.
        var (mean, allowed) = (
            measured.Count == sequences.Count ? measured.Average() : (double?)null,
            suite.Mean * 1.2
        );
        var (score, tight) = suite.Score is null
            ? ((double?)null, (double?)null)
            : (
                measured.Sum(rmse => Math.Max(0, 8 - (100 * rmse))),
                measured.Sum(rmse => Math.Max(0, 2 - (100 * rmse)))
            );
        return new(
            suite,
            sequences,
            mean,
            allowed,
            score,
            tight,
            sequences.All(sequence => sequence.Passed) && !(mean > allowed) && !(score < suite.Score)
        );
    }

    private static SequenceResult Judge(
        PublishedSuite suite,
        string name,
        string results,
        string references,
        Association association
    )
    {
        double? published = suite.Errors.FirstOrDefault(error => error.Sequence == name) is { Sequence: not null } known
            ? known.Rmse
            : null;
        var allowed = (published * 1.5) + 0.005;
        var runs = RunsOf(Path.Combine(results, name));
        if (runs.Count == 0)
            return Without($"no {name}.tum and no {name}/*.tum");
        if (
            ReferenceFiles
                .Select(file => Path.Combine(references, string.Format(null, file, name)))
                .FirstOrDefault(File.Exists)
            is not { } reference
        )
            return Without($"no reference {name}.txt, .tum, .csv or {name}/groundtruth.txt");
        try
        {
            var truth = TrajectoryFile.Read(reference);
            var errors = runs.Select(run => Error(suite, truth, TrajectoryFile.Read(run), association))
                .Order()
                .ToList();
            var median = errors[errors.Count / 2];
            return new(name, runs.Count, median, published, allowed, !(median > allowed), null);
        }
        catch (SceneException fault)
        {
            return Without(fault.Message);
        }

        SequenceResult Without(string why) => new(name, runs.Count, null, published, allowed, false, why);
    }

    private static double Error(
        PublishedSuite suite,
        Trajectory reference,
        Trajectory estimate,
        Association association
    )
    {
        if (!suite.IsTartanAir)
            return ErrorStatistics
                .Of(AbsoluteError.Of(MatchedPoses.Of(reference, estimate, association, suite.Alignment)).Translation)
                .Rmse;
        if (reference.Count != estimate.Count)
            throw new SceneException(
                SceneFault.TooFewPairs,
                $"{estimate.Count} poses beside {reference.Count}; TartanAir compares line by line",
                "Export the trajectory of every image."
            );
        return AbsoluteError
            .TartanAir(
                [.. estimate.Poses.Select(pose => pose.Position)],
                [.. reference.Poses.Select(pose => pose.Position)]
            )
            .Rmse;
    }

    private static List<string> RunsOf(string path) =>
        File.Exists($"{path}.tum") ? [$"{path}.tum"]
        : Directory.Exists(path)
            ?
            [
                .. Directory
                    .EnumerateFiles(path, "*.tum", SearchOption.AllDirectories)
                    .Where(file => Path.GetFileName(file) != "keyframes.tum")
                    .Order(StringComparer.Ordinal),
            ]
        : [];
}
