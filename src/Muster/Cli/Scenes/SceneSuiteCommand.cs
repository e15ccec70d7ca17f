using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Scenes.Evaluation;

namespace Muster.Cli.Scenes;

internal static class SceneSuiteCommand
{
    public static Command Create()
    {
        var suite = new Argument<string>("SUITE")
        {
            Description = "The benchmark.",
            HelpName = string.Join('|', PublishedSuite.All.Select(suite => suite.Name)),
        };
        var results = new Option<string>("--results")
        {
            Description = "SEQUENCE.tum for each sequence, or folders SEQUENCE with one .tum per run.",
            HelpName = "FOLDER",
            Required = true,
        };
        var references = new Option<string>("--ref")
        {
            Description = "SEQUENCE.txt, .tum or .csv, or SEQUENCE/groundtruth.txt.",
            HelpName = "FOLDER",
            Required = true,
        };
        var association = new AssociationOptions();
        var command = new Command(
            "suite",
            "Evaluate a benchmark's sequences against the numbers of DROID-SLAM's paper. Fails if they are not "
                + "met.\n\n  muster scene evaluate suite tum --results runs/ --ref groundtruth/\n  muster scene "
                + "evaluate "
                + "suite euroc --results runs/ --ref euroc_groundtruth/"
        )
        {
            suite,
            results,
            references,
        };
        foreach (var option in association.All)
            command.Add(option);
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            app.Screen.Passing("judging the sequences …");
            var result = SuiteEvaluation.Run(
                PublishedSuite.Get(parsed.GetValue(suite)!),
                parsed.GetValue(results)!,
                parsed.GetValue(references)!,
                association.Of(parsed)
            );
            if (app.Json)
                app.Screen.Data(JsonSerializer.Serialize(SuiteView.Of(result), SceneJson.Plain.SuiteView));
            else
                Show(app.Screen, result);
            return result.Passed ? ExitCodes.Done : ExitCodes.Fault;
        });
        return command;
    }

    private static void Show(Screen screen, SuiteResult result)
    {
        var rows = result
            .Sequences.Select(one =>
                (IReadOnlyList<string>)
                    [
                        one.Sequence,
                        $"{one.Runs}",
                        Metres(one.Rmse),
                        Metres(one.Published),
                        Metres(one.Allowed),
                        one.Passed ? "ok" : one.Fault ?? "missed",
                    ]
            )
            .ToList();
        if (result.Suite.Mean is { } mean)
            rows.Add([
                "mean",
                "",
                Metres(result.Mean),
                Metres(mean),
                Metres(result.MeanAllowed),
                result.Mean is null ? "sequences are missing"
                : result.Mean > result.MeanAllowed ? "missed"
                : "ok",
            ]);
        if (result.Score is { } score)
            rows.Add([
                "score (8 cm)",
                "",
                Number(score, "0.00"),
                Number(result.Suite.Score, "0.00"),
                "",
                score < result.Suite.Score ? "missed" : "ok",
            ]);
        if (result.ScoreTight is { } tight)
            rows.Add(["score (2 cm)", "", Number(tight, "0.00"), "", "", ""]);
        screen.Table(["SEQUENCE", "RUNS", "RMSE [m]", "PAPER", "ALLOWED", "WHAT"], rows);
        screen.Note(
            result.Passed ? "passed" : "missed",
            $"{result.Suite.Name}, beside {result.Suite.Source}; alignment "
                + $"{(result.Suite.IsTartanAir ? "as TartanAir's" : Choice.Word(result.Suite.Alignment))}",
            result.Passed ? Tint.Green : Tint.Red
        );
    }

    private static string Metres(double? value) => Number(value, "0.0000");

    private static string Number(double? value, string format) =>
        value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
