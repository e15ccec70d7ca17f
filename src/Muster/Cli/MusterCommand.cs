using System.CommandLine;
using System.ComponentModel;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Demo;
using Muster.Cli.Gateway;
using Muster.Cli.Recipes;
using Muster.Cli.Runs;
using Muster.Cli.Scenes;
using Muster.Cli.Sites;
using Muster.Cli.Terminal;
using Muster.Cli.Ui;
using Muster.Faults;
using Muster.Node.Engines;
using Muster.Platforms;

namespace Muster.Cli;

/// <summary>The command line: its commands, the options that all of them have, and how a fault ends it.</summary>
public static class MusterCommand
{
    internal static readonly Option<bool> Json = new("--json")
    {
        Description = "Print JSON: one document, or one line per event.",
        Recursive = true,
    };
    internal static readonly Option<bool> Quiet = new("--quiet", "-q")
    {
        Description = "Print IDs only, without notes.",
        Recursive = true,
    };
    internal static readonly Option<bool> Yes = new("--yes", "-y")
    {
        Description = "Assume yes to all prompts.",
        Recursive = true,
    };

    public static async Task<int> RunAsync(string[] arguments)
    {
        // Scripts ask for it before anything else, so nothing is made for it.
        if (arguments is ["-V" or "--version"])
        {
            new Screen(quiet: false).Data(VersionCommand.Text);
            return ExitCodes.Done;
        }
        if (arguments is ["-V" or "--version", .. var others])
            arguments = ["version", .. others];
        var root = Create(arguments);
        var split = CommandWords.Split(root, arguments);
        var parsed = root.Parse(split.Options);
        var json = parsed.GetValue(Json);
        var screen = new Screen(parsed.GetValue(Quiet));
        try
        {
            if (FirstHelp.IsWanted(arguments))
            {
                FirstHelp.Show(Create([]), screen, json);
                return ExitCodes.Done;
            }
            var job = parsed.Errors.Count > 0 ? null : JobWords.Find(root, parsed, split);
            if (job is not null)
            {
                parsed = job.Parsed;
                json = parsed.GetValue(Json);
                screen = new Screen(parsed.GetValue(Quiet));
            }
            if (parsed.Errors.Count > 0)
                return Misused(screen, json, parsed);
            Shorten(parsed.CommandResult.Command);
            root.Invocation = new()
            {
                Screen = screen,
                Json = json,
                Yes = parsed.GetValue(Yes),
                Command = job?.Command ?? split.Command,
                Job = job?.Draft,
                Within = WithinAsync,
            };
            return await parsed.InvokeAsync(Configuration);
        }
        catch (UserException fault)
        {
            Tell(screen, json, fault.ExitCode, fault.Message, fault.Fix);
            return fault.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
        catch (Win32Exception missing) when (Platform.IsMissing(missing))
        {
            Tell(screen, json, ExitCodes.Fault, missing.Message, "Install that program, or put it on PATH.");
            return ExitCodes.Fault;
        }
        catch (Exception bug)
        {
            Tell(
                screen,
                json,
                ExitCodes.Bug,
                $"a bug of Muster: {bug.Message}",
                "Please report it, including the lines below."
            );
            screen.Say(bug.ToString());
            return ExitCodes.Bug;
        }
    }

    /// <param name="words">What was typed: where it names a command, that one is made and no other, as making all of
    /// them takes longer than most of them do.</param>
    internal static MusterRoot Create(IReadOnlyList<string> words)
    {
        var root = new MusterRoot(FirstHelp.About) { Json, Quiet, Yes };
        var wanted = words.FirstOrDefault(word => !word.StartsWith('-'));
        var named = All.Where(entry => entry.Name == wanted).ToList();
        foreach (var (_, create) in named.Count > 0 ? named : All)
            root.Add(create(words));
        return root;
    }

    /// <summary>A list of commands says what each is for, and not how it is used.</summary>
    internal static void Shorten(Command command)
    {
        foreach (var sub in command.Subcommands)
            sub.Description = sub.Description?.Split('\n')[0];
    }

    private static readonly IReadOnlyList<(string Name, Func<IReadOnlyList<string>, Command> Create)> All =
    [
        ("submit", _ => SubmitCommand.Create()),
        ("sweep", _ => SweepCommand.Create()),
        ("run", RunCommand.Create),
        ("ps", _ => PsCommand.Create()),
        ("show", _ => ShowCommand.Create()),
        ("logs", _ => LogsCommand.Create()),
        ("compare", _ => CompareCommand.Create()),
        ("best", _ => BestCommand.Create()),
        ("tag", _ => TagCommand.Create()),
        ("note", _ => NoteCommand.Create()),
        ("attach", _ => AttachCommand.Create()),
        ("cancel", _ => CancelCommand.Create()),
        ("rm", _ => RmCommand.Create()),
        ("wait", _ => WaitCommand.Create()),
        ("fetch", _ => FetchCommand.Create()),
        ("open", _ => OpenCommand.Create()),
        ("rerun", _ => RerunCommand.Create()),
        ("shell", _ => ShellCommand.Create()),
        ("exec", _ => ExecCommand.Create()),
        ("cp", _ => CpCommand.Create()),
        ("ssh-config", _ => SshConfigCommand.Create()),
        ("as", _ => AsCommand.Create()),
        ("demo", _ => DemoCommand.Create()),
        ("demo-page", _ => DemoPageCommand.Create()),
        (SurveyEngine.Verb, _ => SurveyProjectCommand.Create()),
        ("serve", _ => ServeCommand.Create()),
        ("node", _ => NodeCommand.Create()),
        ("nodes", _ => NodesCommand.Create()),
        ("tasks", _ => TasksCommand.Create()),
        ("tokens", _ => TokensCommand.Create()),
        ("recipes", RecipesCommand.Create),
        ("scene", _ => SceneCommand.Create()),
        ("diagnose", _ => DiagnoseCommand.Create()),
        ("version", _ => VersionCommand.Create()),
        ("sites", _ => SitesCommand.Create()),
        ("data", _ => DataCommand.Create()),
        ("cost", _ => CostCommand.Create()),
        ("config", _ => ConfigCommand.Create()),
        ("why", _ => WhyCommand.Create()),
        ("ui", _ => UiCommand.Create()),
        ("help", _ => HelpCommand.Create()),
        ("completion", _ => CompletionCommand.Create()),
        ("complete", _ => CompleteCommand.Create()),
    ];

    private static async Task WithinAsync(Invocation outer, IReadOnlyList<string> words, CancellationToken ct)
    {
        var root = Create(words);
        var parsed = root.Parse(words);
        if (parsed.Errors.Count > 0)
            throw new UserException(Misuse.Of(parsed), Misuse.FixOf(parsed));
        root.Invocation = new()
        {
            Screen = new Screen(outer.Screen.Quiet || outer.Json, withData: false),
            Yes = outer.Yes,
            Within = WithinAsync,
        };
        await parsed.InvokeAsync(Configuration, ct);
    }

    private static InvocationConfiguration Configuration =>
        new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };

    private static int Misused(Screen screen, bool json, ParseResult parsed)
    {
        Tell(screen, json, ExitCodes.Usage, Misuse.Of(parsed), Misuse.FixOf(parsed));
        return ExitCodes.Usage;
    }

    private static void Tell(Screen screen, bool json, int code, string message, string fix)
    {
        if (json)
        {
            screen.Say(JsonSerializer.Serialize(new FaultView(new(code, message, fix)), AnswerJson.Plain.FaultView));
            return;
        }
        screen.Say($"{screen.Paint("error:", Tint.Red)} {message}");
        screen.Say($"  {screen.Paint("fix:", Tint.Green)} {fix}");
    }
}
