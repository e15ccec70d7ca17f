using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Runs;
using Muster.Faults;
using Muster.Runs.Submit;
using Muster.Sites;
using Muster.Sites.Import;

namespace Muster.Cli.Personas;

/// <summary>
/// The command line of Poseidon's <c>psd_run</c>: its options, its cluster file, its logs. What it starts is a run like
/// any other.
/// </summary>
internal sealed class PsdRunPersona : Command
{
    private readonly Option<string> _config = new("--cluster_config", "-c", "--cluster-config")
    {
        Description = "The cluster file (JSON).",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<string> _out = new("--out", "-o")
    {
        Description = "Where to create the folder of logs (.).",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => ".",
    };
    private readonly Option<bool> _detach = new("--detach")
    {
        Description = "Submit and return without following the run.",
        Arity = ArgumentArity.Zero,
    };
    private readonly Argument<string> _command = new("COMMAND")
    {
        Description = "The command for every worker, in quotes; or one command per worker, separated by commas.",
    };

    private PsdRunPersona()
        : base(
            "psd_run",
            """
            The older tool `psd_run` (Poseidon): one command on many workers, with a master and parameter servers.

              psd_run -c config.json -o logs "python /home/me/train.py --max_steps 1000"

            config.json:
              { "master_node": "10.0.0.1", "worker_nodes": ["10.0.0.1", "10.0.0.2"], "server_nodes": ["10.0.0.1", "10.0.0.2"],
                "username": "me", "pem_file": "/home/me/key.pem", "virtualenv": "/home/me/venv" }
            """
        )
    {
        foreach (var option in (Option[])[_config, _out, _detach])
            Add(option);
        Add(_command);
        SetAction(RunAsync);
    }

    public static Command Create() => new PsdRunPersona();

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var app = parsed.App();
        var config = parsed.GetValue(_config)!;
        if (!File.Exists(config))
            throw UserException.Misuse(
                $"there is no cluster file {config}",
                "Name the JSON file of the cluster: -c config.json."
            );
        if (
            app.GetSite(Path.GetFullPath(config)) is not SshSite site
            || !site.Roles.TryGetValue("worker", out var workers)
        )
            throw new UserException(
                $"{config} is no cluster file of Poseidon",
                "It needs worker_nodes and server_nodes."
            );
        var framework = PoseidonFile.FrameworkOf(config);
        var command = parsed.GetValue(_command)!;
        var commands = Split(command);
        var request = new SubmitRequest
        {
            Command = [command],
            RawLine = true,
            WorkingFolder = Directory.GetCurrentDirectory(),
            Name = "psd_run",
            Launch = framework,
            RoleCommands =
            [
                .. (commands.Count == workers.Count ? commands : [command]).Select(line => $"worker={line}"),
            ],
            // Code and data are on every node at the same path, as they always were.
            Snapshot = false,
        };
        var (plan, environment) = new RunPlanner(app.Store, app.Clock, Environment.GetEnvironmentVariable).Plan(
            request,
            site
        );
        // one log for each, in the order in which it was written; commands began at home
        plan = plan with
        {
            JobLines = ["exec 2>&1", "cd"],
        };
        using var logs = new PoseidonLogs(parsed.GetValue(_out)!, app.Clock);
        logs.Write(
            $"{framework}: "
                + $"{string.Join("; ", plan.Roles.Select(role => $"{role.Name} on {string.Join(", ", role.Hosts)}"))}"
                + $"; run {plan.Id}; logs in {logs.Folder}"
        );
        return await SubmitCommand.SubmitAsync(
            app,
            plan,
            environment,
            parsed.GetValue(_detach),
            fetch: true,
            app.Config.OnInterrupt,
            ct,
            new() { Heard = logs.Hear }
        );
    }

    /// <summary>The parts between commas that stand outside of quotes.</summary>
    private static List<string> Split(string command)
    {
        var parts = new List<string>();
        var (start, quote) = (0, '\0');
        for (var at = 0; at <= command.Length; at++)
        {
            if (at == command.Length || command[at] == ',' && quote == '\0')
            {
                parts.Add(command[start..at].Trim());
                start = at + 1;
            }
            else if (command[at] is '"' or '\'')
            {
                quote =
                    quote == '\0' ? command[at]
                    : quote == command[at] ? '\0'
                    : quote;
            }
        }
        return parts.Any(part => part.Length == 0) ? [command] : parts;
    }
}
