using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Runs;
using Muster.Shell;

namespace Muster.Cli.Runs;

internal static class NoteCommand
{
    private const int Longest = 10_000;

    public static Command Create()
    {
        var selector = new Argument<string>("RUN") { Description = "Run: `last`, a name, or an ID as `ps` shows it." };
        var text = new Argument<string[]>("TEXT")
        {
            Description = "What to note; without it, the notes are shown.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var clear = new Option<bool>("--clear") { Description = "Forget the notes of the run." };
        var command = new Command(
            "note",
            """
            Note something about a run, or show what was noted.

              muster note last "loss explodes after warm-up"
              muster note train-3
              muster note train-3 --clear
            """
        )
        {
            selector,
            text,
            clear,
        };
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            var run = RunSelector.Get(app.Store, parsed.GetValue(selector)!);
            var words = string.Join(' ', parsed.GetValue(text) ?? []).Trim();
            if (words.Length > Longest)
                throw UserException.Misuse(
                    $"the note has {words.Length:N0} characters; at most {Longest:N0} are possible",
                    "Write a shorter one that says where the rest is."
                );
            var isCleared = parsed.GetValue(clear);
            if (words.Length > 0 || isCleared)
                run = app.Store.Change(
                    run.Id,
                    known =>
                        known with
                        {
                            Remarks =
                            [
                                .. isCleared ? [] : known.Remarks,
                                .. words.Length > 0
                                    ? [new Remark(app.Clock.GetUtcNow(), words)]
                                    : Array.Empty<Remark>(),
                            ],
                        }
                );
            if (app.Json)
                app.Screen.Data(JsonSerializer.Serialize(RunView.Of(run), RunAnswers.Plain.RunView));
            else if (words.Length > 0 || isCleared)
                app.Screen.Note("noted", $"{run.Plan.Name}: {(words.Length > 0 ? words : "nothing any more")}");
            else
                foreach (var remark in run.Remarks)
                    app.Screen.Data($"{remark.At.ToLocalTime():yyyy-MM-dd HH:mm:ss}  {SafeText.OneLine(remark.Text)}");
        });
        return command;
    }
}
