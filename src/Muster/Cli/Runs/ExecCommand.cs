using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs;

namespace Muster.Cli.Runs;

internal sealed class ExecCommand(string name, string about) : Command(name, about), IMayTakeCommand
{
    public static Option<string?> RankOption() =>
        new("--rank") { Description = "Rank of the run, such as main.3 (default: the first).", HelpName = "ROLE.N" };

    public static Option<string?> NodeOption() =>
        new("--node") { Description = "Node of its SLURM job (default: the rank's own).", HelpName = "NODE" };

    public static Command Create()
    {
        var selector = AttachCommand.RunArgument();
        var rank = RankOption();
        var node = NodeOption();
        var all = new Option<bool>("--all")
        {
            Description = "On every rank that runs now, or on every node of a job with one rank.",
        };
        var role = new Option<string?>("--role")
        {
            Description = "On every rank of this role that runs now.",
            HelpName = "ROLE",
        };
        var input = new Option<bool>("--stdin", "-i") { Description = "Let the command read standard input." };
        var terminal = new Option<bool>("--tty", "-t") { Description = "Give the command this terminal." };
        var command = new ExecCommand(
            "exec",
            """
            Run a command where a run is: in its folder, with its variables, inside its job.

              muster exec -- nvidia-smi                    beside the last run
              muster exec train -- py-spy dump --pid 4711
              muster exec sweep --rank main.3 -- ls -l     where one rank or index is
              muster exec train --all -- nvidia-smi        on all its ranks or nodes, each line with its place
              muster exec train -t -- htop                 with a terminal
              muster exec train -i -- sh -s < probe.sh     reads what is piped in

            Exits with the command's code, with --all the highest. Ctrl-C ends the command, and not the run.
            """
        )
        {
            selector,
            rank,
            node,
            all,
            role,
            input,
            terminal,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var words = parsed.Invocation().Command;
                if (words.Count == 0)
                    throw UserException.Misuse(
                        "muster exec needs a command",
                        "Put it behind two dashes: `muster exec RUN -- nvidia-smi`. A shell: `muster shell RUN`"
                    );
                var (isTerminal, reads) = (parsed.GetValue(terminal), parsed.GetValue(input));
                if (isTerminal && (reads || app.Json))
                    throw UserException.Misuse(
                        $"--tty does not go with {(reads ? "--stdin" : "--json")}",
                        "Leave one of them out."
                    );
                if (isTerminal)
                    Entrance.NeedTerminal("--tty");
                if (!isTerminal && !reads && StandardInput.HasSomething())
                    throw UserException.Misuse(
                        "muster exec does not read standard input unless it is told to",
                        "To pass it to the command: --stdin. To ignore it: < /dev/null"
                    );
                var run = RunSelector.Get(app.Store, parsed.GetValue(selector)!);
                if (parsed.GetValue(all) || parsed.GetValue(role) is not null)
                {
                    Option[] others = [rank, node, input, terminal];
                    var given = parsed.GetValue(all) ? "--all" : "--role";
                    if (others.FirstOrDefault(other => parsed.GetResult(other) is { Implicit: false }) is { } odd)
                        throw UserException.Misuse($"{given} does not go with {odd.Name}", "Leave one of them out.");
                    return await ExecEverywhere.RunAsync(app, run, parsed.GetValue(role), words, ct);
                }
                var site = app.OpenSite(run.Plan.Site);
                var kind =
                    isTerminal ? EntranceKind.Terminal
                    : reads ? EntranceKind.Input
                    : EntranceKind.Closed;
                var way = await Entrance.FindAsync(
                    app,
                    site,
                    run,
                    parsed.GetValue(rank),
                    parsed.GetValue(node),
                    kind,
                    words,
                    ct
                );
                if (isTerminal || !way.IsInside)
                    app.Screen.Note("exec", way.Where);
                if (isTerminal)
                    return await Entrance.AtTerminalAsync(site.HostOf(way.Host), way.Text, ct);
                // Never closed: who closes it waits for what reads it, and the command may end before its input does.
                var sent = reads ? Console.OpenStandardInput() : null;
                var code = await site.HostOf(way.Host)
                    .PassAsync(way.Text, sent, (bytes, isError) => Show(app, bytes, isError), ct);
                if (app.Json)
                    Tell(app, new(1, "exit") { Code = code });
                return code;
            }
        );
        return command;
    }

    private static void Show(App app, ReadOnlyMemory<byte> bytes, bool isError)
    {
        if (!app.Json)
            app.Screen.Pass(bytes, isError);
        else if (!bytes.IsEmpty)
            Tell(app, EventView.Of(isError ? "stderr" : "stdout", bytes));
    }

    internal static void Tell(App app, EventView view) =>
        app.Screen.Data(JsonSerializer.Serialize(view, RunAnswers.Plain.EventView));
}
