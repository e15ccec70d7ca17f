using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Faults;
using Muster.Runs.Roles;
using Muster.Shell;
using Muster.Sites;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Runs.Submit;

/// <summary>Turns a request and a site into a plan: everything resolved and checked, nothing done.</summary>
public sealed partial class RunPlanner(RunStore store, TimeProvider clock, Func<string, string?> variable)
{
    /// <returns>The plan, and the values of the environment, which are no part of it.</returns>
    public (RunPlan Plan, IReadOnlyDictionary<string, string> Environment) Plan(SubmitRequest request, Site site)
    {
        var id = RunId.New(clock);
        var profile = LaunchProfile.Get(request.Launch);
        var roles = RoleReader.Read(request, profile, site);
        var command = CommandIn(request, roles, profile);
        var environment = Environment(request, site);
        var array = request.Array is { } text ? ArrayIn(text) : null;
        var after = request.After.Select(selector => AfterIn(selector, site)).ToList();
        if (request.Name is { } name && RunNames.Objection(name) is { } objection)
        {
            throw new UserException($"'{name}' is not a valid run name: {objection}", "Choose another: --name NAME.")
            {
                ExitCode = ExitCodes.Usage,
            };
        }
        var plan = new RunPlan
        {
            Id = id,
            Name = request.Name ?? NameFor(command),
            Site = site.Name,
            Host = roles is [{ Hosts: [var first, ..] }, ..] ? first : HostFor(request, site, after),
            Command = command,
            RawLine = request.RawLine,
            Setup = site.Setup,
            IgnoreSetupErrors = site.SetupErrors is SetupErrors.Ignore,
            EnvironmentNames = [.. environment.Keys],
            Inputs = [.. request.Inputs.Select(input => InputIn(input, request.WorkingFolder))],
            Outputs = [.. request.Outputs.Select(OutputIn)],
            Ports =
            [
                .. request.Ports.Select(PortIn),
                .. profile.Port is { } own && roles.Count > 0 ? [new(own, null)] : Array.Empty<PlannedPort>(),
            ],
            Companions = request.TensorBoard is { } folder
                ? [TensorBoard(folder, request.Name ?? NameFor(command))]
                : [],
            Container = request.Container ?? site.Container,
            Runtime = site.Runtime?.ToString().ToLowerInvariant(),
            PullImage = request.PullImage,
            Time = TimeIn(request.Time, "--time"),
            Gpus = request.Gpus,
            Array = array,
            Roles = roles,
            Launch = request.Launch,
            ReadyWithin =
                roles.Count > 0 ? TimeIn(request.ReadyWithin, "--ready-within") ?? TimeSpan.FromMinutes(10) : null,
            After = after,
            Stay = TimeIn(request.Stay, "--stay"),
            Snapshot = request.Snapshot,
            CodeMode = site.Code.ToString().ToLowerInvariant(),
            WorkingFolder = request.WorkingFolder,
        };
        if (plan.Inputs.GroupBy(input => input.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new UserException($"two inputs are named '{twice.Key}'", "Rename one of them: --input PATH:NAME");
        }
        if (roles.Count > 0)
            RefuseForRoles(request, site);
        return (
            site is SlurmSite slurm
                ? plan with
                {
                    BatchLines = BatchLines(plan, request, slurm),
                }
                : WithoutScheduler(plan, request, site),
            environment
        );
    }

    private static void RefuseForRoles(SubmitRequest request, Site site)
    {
        var odd = request switch
        {
            { Array: not null } => "--array",
            { Stay: not null } => "--stay",
            { Host: not null } => "--host",
            { After.Count: > 0 } when site is not SlurmSite => "--after",
            _ => null,
        };
        if (odd is not null)
            throw new UserException(
                $"{odd} cannot be combined with --role",
                odd == "--host" ? "List the hosts in the role: --role worker=HOST,HOST" : $"Leave {odd} out."
            )
            {
                ExitCode = ExitCodes.Usage,
            };
    }

    private static RunPlan WithoutScheduler(RunPlan plan, SubmitRequest request, Site site)
    {
        if (request.Set.Count > 0)
            throw new UserException(
                $"--set passes sbatch options, but site {site.Name} does not use SLURM",
                "Remove --set, or choose a SLURM site with -s."
            );
        if (request.Nodes is > 1)
            throw new UserException(
                $"site {site.Name} runs each job on one host",
                "Remove --nodes, or choose a SLURM site with -s."
            );
        return plan;
    }

    private static List<string> BatchLines(RunPlan plan, SubmitRequest request, SlurmSite site)
    {
        var flags = SbatchOptions.None;
        if (request.Gpus is { } gpus)
            flags = flags.With("gres", $"gpu:{gpus}");
        if (request.Cpus is { } cpus)
            flags = flags.With("cpus-per-task", cpus.ToString(CultureInfo.InvariantCulture));
        if (request.Memory is { } memory)
            flags = flags.With("mem", memory);
        if (request.Nodes is { } nodes)
            flags = flags.With("nodes", nodes.ToString(CultureInfo.InvariantCulture));
        if (GangSteps.AreAlike(plan.Roles))
            flags = OfRole(flags.With("ntasks", $"{plan.Ranks().Count}"), plan.Roles[0]);
        if (plan.Time is { } time)
            flags = flags.With("time", $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}");
        foreach (var set in request.Set)
        {
            var at = set.IndexOf('=');
            flags = at < 0 ? flags.With(set, null) : flags.With(set[..at], set[(at + 1)..]);
        }
        var options = site.Sbatch.With(request.FolderOptions).With(flags);
        if (plan.Array is { } array)
            options = options.With("array", array.Text);
        if (plan.After.Count > 0)
            options = options.With(
                "dependency",
                string.Join(',', plan.After.Select(after => $"afterok:{SlurmJobId.WithoutCluster(after.Handle!)}"))
            );
        return
        [
            .. options.ToLines(),
            $"{RunPlan.JobNameLine}{plan.JobName}",
            $"#SBATCH --comment={plan.Id}",
            "#SBATCH --output=logs/slurm.log",
            "#SBATCH --open-mode=append",
            // The supervisor is told before the limit, so that it can tell a time-out from a cancel.
            .. options.Has("signal") ? Array.Empty<string>() : ["#SBATCH --signal=B:USR1@30"],
            .. plan.Roles.Count > 0 && !GangSteps.AreAlike(plan.Roles) ? Parts(plan, options) : [],
        ];
    }

    /// <summary>
    /// The parts of a heterogeneous job. What was asked for the run goes to the first role, whose lines stand before,
    /// and to each of the others.
    /// </summary>
    private static IEnumerable<string> Parts(RunPlan plan, SbatchOptions options)
    {
        for (var part = 0; part < plan.Roles.Count; part++)
        {
            if (part > 0)
                yield return "#SBATCH hetjob";
            if (part > 0)
                foreach (var line in OfRole(options, plan.Roles[part]).ToLines())
                    yield return line;
            if (part == 0)
                foreach (var line in OfRole(SbatchOptions.None, plan.Roles[0]).ToLines())
                    yield return line;
            yield return $"#SBATCH --ntasks={plan.Roles[part].Size}";
        }
    }

    private static SbatchOptions OfRole(SbatchOptions options, PlannedRole role)
    {
        if (role.Gpus is { } gpus)
            options = options.With("gpus-per-task", $"{gpus}");
        if (role.Cpus is { } cpus)
            options = options.With("cpus-per-task", $"{cpus}");
        return role.Memory is { } memory ? options.With("mem", memory) : options;
    }

    private static IReadOnlyList<string> CommandIn(
        SubmitRequest request,
        IReadOnlyList<PlannedRole> roles,
        LaunchProfile profile
    ) =>
        request.Command.Count switch
        {
            0 when roles.Count > 0 && roles.All(role => role.Lines.Count > 0 || profile.Starts(role.Name)) => [],
            0 => throw new UserException(
                "no command given",
                "Put the command after the options: `muster submit -- python train.py`"
            )
            {
                ExitCode = ExitCodes.Usage,
            },
            _ when request.Command.Any(word => word.Contains('\0')) => throw new UserException(
                "an argument of the command contains a NUL character",
                "Remove it; no program can receive it."
            )
            {
                ExitCode = ExitCodes.Usage,
            },
            _ => request.Command,
        };

    private string? HostFor(SubmitRequest request, Site site, IReadOnlyList<PlannedAfter> after)
    {
        if (site is SshSite ssh)
        {
            // A run that waits looks at the other's records, so it has to be where they are.
            if (
                after.Select(other => other.Host).Distinct().ToList() is [{ } there, .. var elsewhere]
                && ssh.Hosts.Contains(there)
            )
            {
                return elsewhere.Count == 0 && (request.Host is null || request.Host == there)
                    ? there
                    : throw new UserException(
                        "the runs to wait for are on different hosts",
                        $"Runs of an ssh site can wait for runs of one host, and run there: --host {there}."
                    );
            }
            if (request.Host is { } wanted)
            {
                return ssh.Hosts.Contains(wanted)
                    ? wanted
                    : throw new UserException(
                        $"site {site.Name} has no host '{wanted}'",
                        $"Choose one of: {string.Join(", ", ssh.Hosts)}."
                    );
            }
            // Servers serve; plain runs go to the other hosts, to the one with the fewest of ours.
            var servers = ssh.Roles.Where(role => role.Key != "worker").SelectMany(role => role.Value).ToHashSet();
            var workers =
                ssh.Roles.TryGetValue("worker", out var named) && named.Count > 0
                    ? named
                    : [.. ssh.Hosts.Where(host => !servers.Contains(host))];
            if (workers.Count == 0)
                workers = ssh.Hosts;
            var busy = store.Live().Where(run => run.Plan.Site == site.Name).ToLookup(run => run.Plan.Host);
            return workers.MinBy(host => busy[host].Count());
        }
        if (request.Host is not null)
            throw new UserException(
                $"--host selects a host of an ssh site, but {site.Name} is not an ssh site",
                "Remove it."
            );
        return (site as SlurmSite)?.Host;
    }

    private Dictionary<string, string> Environment(SubmitRequest request, Site site)
    {
        var environment = new Dictionary<string, string>(site.Env);
        foreach (var entry in request.Env)
        {
            var at = entry.IndexOf('=');
            var name = at < 0 ? entry : entry[..at];
            if (!Variables().IsMatch(name))
                throw new UserException(
                    $"'{name}' is not a valid environment variable name",
                    "Use --env NAME=VALUE, or --env NAME to pass its current value."
                )
                {
                    ExitCode = ExitCodes.Usage,
                };
            environment[name] =
                at >= 0
                    ? entry[(at + 1)..]
                    : variable(name)
                        ?? throw new UserException(
                            $"the environment variable {name} is not set here",
                            $"Set it, or write --env {name}=VALUE."
                        );
        }
        return environment;
    }

    private static PlannedInput InputIn(string input, string workingFolder)
    {
        // PATH:NAME, unless the whole is the path of something that exists.
        var whole = Path.GetFullPath(input, workingFolder);
        var at = input.LastIndexOf(':');
        var (path, name) =
            Path.Exists(whole) || at <= 0
                ? (whole, Path.GetFileName(Path.TrimEndingDirectorySeparator(whole)))
                : (Path.GetFullPath(input[..at], workingFolder), input[(at + 1)..]);
        if (!Path.Exists(path))
            throw new UserException($"the input {path} does not exist", "Correct the path of --input.");
        if (!RunNames.IsWellFormed(name))
            throw new UserException(
                $"'{name}' is not a valid input name",
                "Use --input PATH:NAME with letters, digits, '.', '_' and '-'."
            )
            {
                ExitCode = ExitCodes.Usage,
            };
        return new(path, name);
    }

    private static string OutputIn(string pattern) =>
        pattern.Length == 0 || pattern.StartsWith('/') || pattern.Split('/').Contains("..") || pattern.Contains('\n')
            ? throw new UserException(
                $"'{pattern}' is not a valid output pattern",
                "Outputs are patterns relative to the folder in which the command runs, such as 'results/*.png'."
            )
            {
                ExitCode = ExitCodes.Usage,
            }
        : pattern.StartsWith("./", StringComparison.Ordinal) ? pattern[2..]
        : pattern;

    private static PlannedPort PortIn(string text)
    {
        var parts = text.Split('=', 2);
        int? number = null;
        if (parts.Length == 2)
        {
            if (
                !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var given)
                || given is < 1 or > 65535
            )
                throw new UserException(
                    $"'{parts[1]}' is not a valid port",
                    "Use --port NAME=N with N from 1 to 65535, or --port NAME to get a free one in $MUSTER_PORT_NAME."
                )
                {
                    ExitCode = ExitCodes.Usage,
                };
            number = given;
        }
        return PortNames().IsMatch(parts[0])
            ? new(parts[0], number)
            : throw new UserException($"'{parts[0]}' is not a valid port name", "Use letters, digits, '-' and '.'.")
            {
                ExitCode = ExitCodes.Usage,
            };
    }

    private static ArraySpec ArrayIn(string text)
    {
        var match = Arrays().Match(text);
        var indices = new SortedSet<int>();
        if (match.Success)
        {
            foreach (var part in match.Groups["parts"].Value.Split(','))
            {
                var range = part.Split('-', ':');
                var first = int.Parse(range[0], CultureInfo.InvariantCulture);
                var last = part.Contains('-') ? int.Parse(range[1], CultureInfo.InvariantCulture) : first;
                var step = part.Contains(':') ? int.Parse(range[2], CultureInfo.InvariantCulture) : 1;
                for (var i = first; i <= last && step > 0 && indices.Count <= 10_000; i += step)
                    indices.Add(i);
            }
        }
        return indices.Count is > 0 and <= 10_000
            ? new(
                text,
                [.. indices],
                match.Groups["cap"].Success ? int.Parse(match.Groups["cap"].Value, CultureInfo.InvariantCulture) : null
            )
            : throw new UserException(
                $"'{text}' is not a valid array of at most 10,000 indices",
                "Examples: 0-9, 0-9:2, 1,3,5, 0-99%4 (four at once)"
            )
            {
                ExitCode = ExitCodes.Usage,
            };
    }

    private PlannedAfter AfterIn(string selector, Site site)
    {
        var other = RunSelector.Get(store, selector);
        if (other.Plan.Site != site.Name)
            throw new UserException(
                $"run {other.Plan.Name} is on site {other.Plan.Site}, not on {site.Name}",
                "A run can only wait for runs on the same site."
            );
        var handle = other.State.IsLive ? RunKeeper.HandleOf(other) : null;
        if (site is SlurmSite && handle is null)
        {
            throw new UserException(
                $"run {other.Plan.Name} has no job in SLURM's queue to wait for ({other.State.Word})",
                "Remove --after if it has succeeded; otherwise wait until it is launched."
            );
        }
        return new(other.Id, handle, other.Plan.Host);
    }

    private static Companion TensorBoard(string folder, string name) =>
        new(
            "tensorboard",
            ShellText
                .Of(
                    $$"""
                    if ! command -v tensorboard >/dev/null 2>&1; then
                      echo "text=tensorboard is not installed on $(uname -n); the job runs without it" >"$MUSTER_STATUS/.note.tensorboard.$$"
                      mv -f "$MUSTER_STATUS/.note.tensorboard.$$" "$MUSTER_STATUS/note.tensorboard"
                      exit 127
                    fi
                    exec tensorboard --logdir {{folder}} --host 127.0.0.1 --port 0 --window_title {{name}}

                    """
                )
                .ToString()
        );

    private static TimeSpan? TimeIn(string? text, string option) =>
        text is null ? null
        : Durations.TryParse(text, out var time) ? time
        : throw new UserException(
            $"'{text}' is not a valid duration for {option}",
            "Examples: 90m, 10h, 2d, 1h30m, HH:MM:SS"
        )
        {
            ExitCode = ExitCodes.Usage,
        };

    /// <summary>The program's own name: `python train.py` is called train.</summary>
    private static string NameFor(IReadOnlyList<string> command)
    {
        var words = command
            .Where(word => !word.StartsWith('-') && !word.Contains('=') && !word.Any(char.IsWhiteSpace))
            .Select(word => Path.GetFileNameWithoutExtension(word.TrimEnd('/')))
            .ToList();
        string[] runners =
        [
            "python",
            "python3",
            "bash",
            "sh",
            "srun",
            "torchrun",
            "env",
            "uv",
            "run",
            "accelerate",
            "launch",
            "time",
            "nice",
        ];
        var word = words.FirstOrDefault(candidate => !runners.Contains(candidate)) ?? words.FirstOrDefault() ?? "run";
        var name = Unfit().Replace(word, "-").Trim('-', '.');
        return name.Length == 0 ? "run" : RunNames.Fit(name[..Math.Min(name.Length, 40)]);
    }

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9.-]{0,30}\z")]
    private static partial Regex PortNames();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex Variables();

    [GeneratedRegex(@"[^A-Za-z0-9._-]+")]
    private static partial Regex Unfit();

    [GeneratedRegex(
        @"\A(?<parts>\d{1,9}(-\d{1,9}(:\d{1,9})?)?(,\d{1,9}(-\d{1,9}(:\d{1,9})?)?)*)(%(?<cap>[1-9]\d{0,5}))?\z"
    )]
    private static partial Regex Arrays();
}
