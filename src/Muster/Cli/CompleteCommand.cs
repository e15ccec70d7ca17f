using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Cli.Context;
using Muster.Cli.Runs;
using Muster.Faults;
using Muster.Runs;

namespace Muster.Cli;

/// <summary>Answers the shells' completion scripts, from what is known here: no site is ever asked.</summary>
internal static class CompleteCommand
{
    private const int MostEnded = 50;

    public static Command Create()
    {
        var words = new Argument<string[]>("WORDS")
        {
            Description = "The words so far; the last one is being typed.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("complete", "What may come next on a command line; the completion scripts ask this.")
        {
            words,
        };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            var proposals = Completion.For(
                MusterCommand.Create([.. (parsed.GetValue(words) ?? []).SkipLast(1)]),
                parsed.GetValue(words) ?? [],
                () =>
                    File.Exists(Path.Combine(app.Folders.State, "runs.db"))
                        ? Quietly<Run>(() => [.. app.Store.Live().Concat(app.Store.Ended(MostEnded))])
                        : [],
                () => Quietly(() => app.Config.Sites),
                () => Quietly(() => JobWords.Known(app.Sources, () => app.Config))
            );
            if (app.Json)
            {
                app.Screen.Data(
                    JsonSerializer.Serialize(
                        new CompleteView(1, [.. proposals.Select(one => new ProposalView(one.Word, one.About))]),
                        CompleteJson.Default.CompleteView
                    )
                );
                return;
            }
            foreach (var one in proposals)
                app.Screen.Data(one.About is { } about ? $"{one.Word}\t{about.Split('\n')[0].TrimEnd()}" : one.Word);
        });
        return command;
    }

    /// <summary>
    /// In the middle of a line nobody wants to read about a broken file; the command itself will say it.
    /// </summary>
    private static IReadOnlyList<T> Quietly<T>(Func<IReadOnlyList<T>> read)
    {
        try
        {
            return read();
        }
        catch (UserException)
        {
            return [];
        }
    }
}

public sealed record CompleteView(int Schema, IReadOnlyList<ProposalView> Words);

public sealed record ProposalView(string Word, string? About);

/// <summary>The JSON that `complete` prints.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(CompleteView))]
internal sealed partial class CompleteJson : JsonSerializerContext;
