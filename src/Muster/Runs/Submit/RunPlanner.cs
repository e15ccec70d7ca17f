using Muster.Faults;
using Muster.Runs.Roles;
using Muster.Sites;

namespace Muster.Runs.Submit;

/// <summary>Turns a request and a site into a plan: everything resolved and checked, nothing done.</summary>
/// <remarks>Each part of the plan reads and checks its own words; here they come together.</remarks>
public sealed class RunPlanner(RunStore store, TimeProvider clock, Func<string, string?> variable)
{
    /// <returns>The plan, and the values of the environment, which are no part of it.</returns>
    public (RunPlan Plan, IReadOnlyDictionary<string, string> Environment) Plan(SubmitRequest request, Site site)
    {
        var profile = LaunchProfile.Get(request.Launch);
        var roles = RoleReader.Read(request, profile, site);
        var command = CommandIn(request, roles, profile);
        CommandCheck.Check(request, site, variable("PATH"));
        var environment = RunEnvironment.Of(site.Env, [.. request.Env, .. request.Secrets], variable);
        var array = request.Array is { } text ? ArraySpec.Parse(text) : null;
        var after = request.After.Select(other => PlannedAfter.Of(RunSelector.Get(store, other), site)).ToList();
        var name = request.Name is { } given ? RunNames.Parse(given) : RunNames.Of(command);
        var plan = new RunPlan
        {
            Id = RunId.New(clock),
            Name = name,
            Tags = [.. request.Tags.Select(RunNames.ParseTag).Distinct()],
            Site = site.Name,
            Host = roles is [{ Hosts: [var first, ..] }, ..] ? first : HostChoice.For(request.Host, site, after, store),
            Command = command,
            RawLine = request.RawLine,
            Setup = site.Setup,
            IgnoreSetupErrors = site.SetupErrors is SetupErrors.Ignore,
            EnvironmentNames = [.. environment.Keys],
            Environment = RunEnvironment.Remembered(request.Env, request.Secrets),
            Inputs = PlannedInput.ParseAll(
                request.Inputs,
                request.InputFolder ?? request.WorkingFolder,
                site,
                request.Host,
                request.Exclude
            ),
            Tty = request.Tty,
            Outputs = [.. request.Outputs.Select(OutputPattern.Parse)],
            Ports =
            [
                .. request.Ports.Select(PlannedPort.Parse),
                .. profile.Port is { } own && roles.Count > 0 ? [new(own, null)] : Array.Empty<PlannedPort>(),
            ],
            Companions = request.TensorBoard is { } folder ? [Companion.TensorBoard(folder, name)] : [],
            Container = request.Container ?? site.Container,
            Runtime = site.Runtime?.ToString().ToLowerInvariant(),
            PullImage = request.PullImage,
            Time = Durations.Parse(request.Time, "--time"),
            Gpus = request.Gpus,
            Array = array,
            Points = request.Points,
            Roles = roles,
            Launch = request.Launch,
            ReadyWithin =
                roles.Count > 0
                    ? Durations.Parse(request.ReadyWithin, "--ready-within") ?? TimeSpan.FromMinutes(10)
                    : null,
            After = after,
            Stay = Durations.Parse(request.Stay, "--stay"),
            Keep = Durations.Parse(request.Keep, "--keep"),
            Notify = request.Notify,
            At = request.At,
            Deadline = request.Deadline,
            Retry = request.Retry,
            Snapshot = request.Snapshot,
            CodeMode = site.Code.ToString().ToLowerInvariant(),
            WorkingFolder = request.WorkingFolder,
        };
        if (site is CloudSite cloud)
            RefuseOnCloud(request, cloud);
        else if (request.Keep is not null)
            throw UserException.Misuse(
                $"--keep keeps a machine that was made for the run, but {site.Name} makes none",
                "Leave it out, or choose a cloud site with -s."
            );
        if (roles.Count > 0)
            RefuseForRoles(request, site);
        if (request.Tty is not null)
            RefuseForTerminal(request);
        if (request.Retry is not null)
            RetryCheck.Refuse(request, site);
        if (site is not SlurmSite slurm)
        {
            RefuseWithoutScheduler(request, site);
            return (RetryCheck.Resolve(Slotted(plan, request, site)), environment);
        }
        return (
            RetryCheck.Resolve(plan with { BatchLines = SbatchScript.LinesFor(plan, request, slurm) }),
            environment
        );
    }

    private static IReadOnlyList<string> CommandIn(
        SubmitRequest request,
        IReadOnlyList<PlannedRole> roles,
        LaunchProfile profile
    ) =>
        request.Command.Count switch
        {
            0 when roles.Count > 0 && roles.All(role => role.Lines.Count > 0 || profile.Starts(role.Name)) => [],
            0 => throw UserException.Misuse(
                "no command given",
                "Put the command after the options: `muster submit -- python train.py`"
            ),
            _ when request.Command.Any(word => word.Contains('\0')) => throw UserException.Misuse(
                "an argument of the command contains a NUL character",
                "Remove it; no program can receive it."
            ),
            _ => request.Command,
        };

    private static void RefuseForRoles(SubmitRequest request, Site site)
    {
        var odd = request switch
        {
            { Points.Count: > 0 } => "a sweep",
            { Array: not null } => "--array",
            { Stay: not null } => "--stay",
            { Stdin: true } => "--stdin",
            { Host: not null } => "--host",
            { After.Count: > 0 } when !site.HasScheduler => "--after",
            _ => null,
        };
        if (odd is not null)
            throw UserException.Misuse(
                $"{odd} cannot be combined with --role",
                odd == "--host" ? "List the hosts in the role: --role worker=HOST,HOST" : $"Leave {odd} out."
            );
    }

    private static void RefuseForTerminal(SubmitRequest request)
    {
        var odd = request switch
        {
            { Roles.Count: > 0 } => "--role",
            { Points.Count: > 0 } => "a sweep",
            { Array: not null } => "--array",
            { Stdin: true } => "--stdin",
            { Retry: not null } => "--retry",
            { Stay: not null } => "--stay",
            _ => null,
        };
        if (odd is not null)
            throw UserException.Misuse($"{odd} cannot be combined with --tty", "Leave one of them out.");
    }

    private static RunPlan Slotted(RunPlan plan, SubmitRequest request, Site site)
    {
        var most = site.Slots.Gpus;
        if (plan.Gpus > most || plan.Roles.Any(role => role.Gpus > most))
            throw new UserException(
                $"a host of site {site.Name} has {most} GPUs, and {plan.Name} asks for more",
                $"Ask for fewer, or correct `slots:` of the site ({site.Origin})."
            );
        return plan with
        {
            HostChoices =
                site is SshSite ssh && request.Host is null && plan is { Roles.Count: 0, After.Count: 0 }
                    ? HostChoice.Workers(ssh)
                    : [],
            Cpus = request.Cpus,
            Memory = request.Memory is { } memory ? MemorySize.Megabytes(memory) : null,
            // A pod has the GPUs that it asked for, whatever they are called.
            Slots =
                site is CloudSite { Cloud.Kube: not null } && request.Gpus is { } gpus ? new(null, null, gpus)
                : site.Slots is { Cpus: null, Memory: null, Gpus: null } ? null
                : site.Slots,
            Queue = site.Queue,
        };
    }

    private static void RefuseOnCloud(SubmitRequest request, CloudSite site)
    {
        if (request.Roles.Count > 0 || request.Launch is not null)
            throw new UserException(
                $"{site.Name} makes one {(site.Cloud.Kube is null ? "machine" : "pod")} for each run, and --role needs "
                    + "several",
                "Leave --role out, or choose a site of kind ssh or slurm with -s."
            );
        if (request.After.Count > 0)
            throw new UserException(
                $"--after cannot be used on {site.Name}: each run there has a machine of its own",
                "Leave --after out, or choose a site of kind ssh or slurm with -s."
            );
        if (request.At is not null)
            throw new UserException(
                $"--at cannot be used on {site.Name}: its machine would be paid for while it waits",
                "Submit it when it may begin, or choose another site with -s."
            );
        if (site.Cloud.Kube is null && request.Gpus > site.Cloud.Gpus)
            throw new UserException(
                $"--gpus {request.Gpus}: machines of {site.Name} have {site.Cloud.Gpus} GPUs, as its configuration says",
                "Set `gpus:` of the site to what its `machines:` have."
            );
    }

    private static void RefuseWithoutScheduler(SubmitRequest request, Site site)
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
    }
}
