using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Cli.Context;
using Muster.Cli.Runs;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Submit;
using Muster.Sites.Schedulers.Slurm;
using Muster.Snapshots;

namespace Muster.Cli.Personas;

/// <summary>
/// The command line of cluster_tools' <c>submit</c>: its options, its config files, the names and files that its users
/// rely on.
/// </summary>
internal sealed partial class SubmitPersona : Command, ITakesCommand
{
    private readonly Option<string> _config = new("-c")
    {
        Description = "The cluster's config file (JSON), such as cedar.json.",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<string> _name = new("--name", "-n")
    {
        Description = "The project's name (default).",
        HelpName = "TEXT",
        DefaultValueFactory = _ => "default",
    };
    private readonly Option<string> _branch = new("--branch", "-b")
    {
        Description = "Name to use in place of the git branch.",
        HelpName = "TEXT",
        DefaultValueFactory = _ => "",
    };
    private readonly Option<string> _sbatch = new("--sbatch_json")
    {
        Description = "Additional sbatch options, as a JSON object.",
        HelpName = "JSON",
        DefaultValueFactory = _ => "{}",
    };
    private readonly Option<bool> _tensorboard = new("--tensorboard")
    {
        Description = "Start TensorBoard beside the job (default).",
    };
    private readonly Option<bool> _noTensorboard = new("--no-tensorboard")
    {
        Description = "Start no TensorBoard.",
        Arity = ArgumentArity.Zero,
    };
    private readonly Option<string?> _stay = new("--stay")
    {
        Description = "Keep TensorBoard and the allocation for this long after the job ends.",
        HelpName = "TIME",
    };
    private readonly Option<bool> _pip = new("--pip")
    {
        Description = "Install the repository's requirements.txt first.",
        Arity = ArgumentArity.Zero,
    };
    private readonly Option<bool> _raw = new("--raw")
    {
        Description = "Pass COMMAND to the remote shell as one string, as the older tool did.",
        Arity = ArgumentArity.Zero,
    };

    private readonly Option<bool> _detach = new("--detach")
    {
        Description = "Submit and return without following the run.",
        Arity = ArgumentArity.Zero,
    };

    private SubmitPersona()
        : base(
            "submit",
            """
            The older tool `submit` (cluster_tools): prefix a command, and it runs on the cluster.

              submit -c=cedar.json python main.py --epochs 90

            Options end at the first word of COMMAND; '--' may stand before it.
            """
        )
    {
        foreach (
            var option in (Option[])
                [_config, _name, _branch, _sbatch, _tensorboard, _noTensorboard, _stay, _pip, _raw, _detach]
        )
            Add(option);
        SetAction(RunAsync);
    }

    public static Command Create() => new SubmitPersona();

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var current = parsed.Invocation();
        var app = current.App;
        RefuseValueOfTensorBoard(parsed, current.Command);
        var sbatch = OptionsOf(parsed.GetValue(_sbatch)!, current.Command);
        var config = parsed.GetValue(_config)!;
        if (!File.Exists(config))
            throw UserException.Misuse($"there is no config file {config}", "Name the cluster's file: -c cedar.json.");
        var site = app.GetSite(Path.GetFullPath(config));
        var folder = Directory.GetCurrentDirectory();
        var branch = parsed.GetValue(_branch)!;
        var name = parsed.GetValue(_name)!;
        var request = new SubmitRequest
        {
            Command = current.Command,
            WorkingFolder = folder,
            Name = name,
            TensorBoard = parsed.GetValue(_noTensorboard) ? null : "./",
            Stay = parsed.GetValue(_stay),
            RawLine = parsed.GetValue(_raw),
            FolderOptions = SbatchJson.Find(folder).With(sbatch),
        };
        foreach (var warning in request.FolderOptions.Warnings)
            app.Screen.Note("note", warning, Tint.Yellow);
        var (plan, environment) = new RunPlanner(app.Store, app.Clock, Environment.GetEnvironmentVariable).Plan(
            request,
            site
        );
        plan = plan with
        {
            JobLines = [.. OldFiles, .. parsed.GetValue(_pip) ? [Requirements] : Array.Empty<string>()],
            Companions =
            [
                .. plan.Companions.Select(companion => companion with { Script = PortFile + companion.Script }),
            ],
        };
        Snapshot? taken = null;
        return await SubmitCommand.SubmitAsync(
            app,
            plan,
            environment,
            parsed.GetValue(_detach),
            fetch: true,
            app.Config.OnInterrupt,
            ct,
            new()
            {
                Taken = snapshot =>
                {
                    taken = snapshot;
                    ShowScript(app.Screen, plan with { Folder = snapshot.Subfolder?.Text ?? "" });
                },
                Launched = async _ =>
                {
                    if (
                        taken is not null
                        && await SnapshotBranch.KeepAsync(taken, plan.Id.Short, branch, app.Clock.GetUtcNow(), ct)
                            is { } said
                    )
                        app.Screen.Note(said.Word, said.Text);
                },
            }
        );
    }

    /// <summary>It is a switch: a value behind it would be taken for the command.</summary>
    private void RefuseValueOfTensorBoard(ParseResult parsed, IReadOnlyList<string> command)
    {
        var value = parsed.GetResult(_tensorboard) switch
        {
            { Tokens: [var token] } => token.Value,
            { Implicit: false } when command is [var word, _, ..] && bool.TryParse(word, out _) => word,
            _ => null,
        };
        if (value is null)
            return;
        throw UserException.Misuse(
            $"--tensorboard does not take a value such as '{value}'",
            "To switch TensorBoard off, write --no-tensorboard; it is on by default."
        );
    }

    /// <summary>
    /// JSON without single quotes reaches us in pieces: without its own quotes, and cut at each blank.
    /// </summary>
    private static SbatchOptions OptionsOf(string text, IReadOnlyList<string> command)
    {
        try
        {
            return SbatchJson.Parse(text, "--sbatch_json");
        }
        catch (UserException fault) when (text.StartsWith('{') && fault.InnerException is JsonException)
        {
            var pieces = text.EndsWith('}')
                ? [text]
                : (string[])
                    [
                        text,
                        .. command.TakeWhile(word => !word.EndsWith('}')),
                        .. command.Where(word => word.EndsWith('}')).Take(1),
                    ];
            var pairs = Pair()
                .Matches(string.Join(' ', pieces))
                .Select(pair => $"\"{pair.Groups["key"].Value}\": \"{pair.Groups["value"].Value}\"")
                .ToList();
            throw UserException.Misuse(
                $"what the shell passed on for --sbatch_json is not JSON: {string.Join(' ', pieces)}",
                $"Put it in single quotes: "
                    + $"--sbatch_json='{{{(pairs.Count > 0 ? string.Join(", ", pairs) : "\"--mem\": \"20G\"")}}}'",
                fault
            );
        }
    }

    [GeneratedRegex(@"(?<key>[^\s{}:,""]+)""?\s*:\s*""?(?<value>[^{},""]*[^{},""\s])")]
    private static partial Regex Pair();

    /// <summary>
    /// The files that users of the older tool look for in the folder of execution. One of that name in the code itself
    /// gives way.
    /// </summary>
    private static readonly IReadOnlyList<string> OldFiles =
    [
        """ln -sf "$MUSTER_RUN_DIR/batch.sh" sbatch_script.sh""",
        """ln -sf "$MUSTER_RUN_DIR/logs/$MUSTER_ROLE.$MUSTER_RANK.out" slurm.out""",
        """ln -sf "$MUSTER_RUN_DIR/logs/$MUSTER_ROLE.$MUSTER_RANK.err" slurm.err""",
        """echo "$SLURM_JOB_ID" >".SLURM_JOB_ID.$$" && mv -f ".SLURM_JOB_ID.$$" SLURM_JOB_ID""",
    ];

    private const string Requirements =
        """[ ! -f "$MUSTER_RUN_DIR/code/requirements.txt" ] || pip install -r "$MUSTER_RUN_DIR/code/requirements.txt" --upgrade""";

    /// <summary>Beside TensorBoard: writes its port down, as soon as it is known, where the older tool did.</summary>
    private const string PortFile = """
        rm -f tensorboard.port
        (
          report=$MUSTER_STATUS/$MUSTER_ROLE.$MUSTER_RANK.port.tensorboard rounds=0
          while [ ! -e "$report" ] && [ $rounds -lt 600 ]; do sleep 1; rounds=$((rounds + 1)); done
          [ ! -e "$report" ] || { sed -n 's/^port=//p' "$report" >".tensorboard.port.$$" && mv -f ".tensorboard.port.$$" tensorboard.port; }
        ) &

        """;

    private static void ShowScript(Screen screen, RunPlan plan)
    {
        screen.Note("script", "what sbatch gets, and what the job then runs:");
        foreach (var line in (SbatchScript.Of(plan) + RunFiles.Job(plan, plan.Host)).TrimEnd('\n').Split('\n'))
            screen.Note("", screen.Paint(line, Tint.Faint));
    }
}
