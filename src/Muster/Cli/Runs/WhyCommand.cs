using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Cli.Context;
using Muster.Runs;
using Muster.Runs.Explain;
using Muster.Shell;

namespace Muster.Cli.Runs;

internal static class WhyCommand
{
    public static Command Create()
    {
        var selector = AttachCommand.RunArgument();
        var command = new Command("why", "Explain the state of a run and what to do about it.") { selector };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var known = RunSelector.Get(app.Store, parsed.GetValue(selector)!);
                var (run, explanation) = await new Explainer(
                    app.Store,
                    app.Measures,
                    app.OpenSite,
                    app.Clock
                ).ExplainAsync(known, TimeSpan.FromSeconds(20), ct);
                if (app.Json)
                {
                    app.Screen.Data(JsonSerializer.Serialize(WhyView.Of(run, explanation), WhyJson.Plain.WhyView));
                    return;
                }
                app.Screen.Data(SafeText.OneLine(explanation.Headline));
                var before = "";
                foreach (var line in explanation.Lines)
                {
                    app.Screen.Data($"  {(line.About == before ? "" : line.About), -10} {SafeText.OneLine(line.Text)}");
                    before = line.About;
                }
            }
        );
        return command;
    }
}

public sealed record WhyView(int Schema, string Headline, IReadOnlyList<WhyLineView> Lines, RunView Run)
{
    public static WhyView Of(Run run, Explanation explanation) =>
        new(
            1,
            explanation.Headline,
            [.. explanation.Lines.Select(line => new WhyLineView(line.About, line.Text))],
            RunView.Of(run)
        );
}

public sealed record WhyLineView(string About, string Text);

/// <summary>The JSON that `why` prints.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(WhyView))]
internal sealed partial class WhyJson : JsonSerializerContext
{
    public static WhyJson Plain { get; } = new(AnswerJson.Readable());
}
