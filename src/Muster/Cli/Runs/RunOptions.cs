using System.CommandLine;
using Muster.Cli.Context;
using Muster.Runs.Submit;
using Muster.Sites.Reading;

namespace Muster.Cli.Runs;

/// <summary>
/// Where a run goes, what it gets there and how it is followed: the options that `submit` and recipes share.
/// </summary>
internal sealed class RunOptions
{
    public Option<string?> Site { get; } =
        new("--site", "-s")
        {
            Description = "Site: a name from muster.yaml, or the config file of an older tool.",
            HelpName = "SITE",
        };
    public Option<string?> Name { get; } = new("--name", "-n") { Description = "Name of the run.", HelpName = "NAME" };
    public Option<string[]> Tag { get; } =
        new("--tag")
        {
            Description = "Word to find the run by.",
            HelpName = "TAG",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
    public Option<string?> Host { get; } =
        new("--host") { Description = "Host of an ssh site, or type of machine of a cloud site.", HelpName = "HOST" };
    public Option<int?> Gpus { get; } = new("--gpus") { Description = "GPUs.", HelpName = "N" };
    public Option<int?> Cpus { get; } = new("--cpus") { Description = "Processors.", HelpName = "N" };
    public Option<string?> Memory { get; } =
        new("--memory") { Description = "Memory, such as 12G.", HelpName = "SIZE" };
    public Option<string?> Time { get; } =
        new("--time") { Description = "Time limit: 90m, 10h, HH:MM:SS.", HelpName = "TIME" };
    public Option<string[]> Set { get; } =
        new("--set")
        {
            Description = "Any sbatch option.",
            HelpName = "KEY=VALUE",
            Arity = ArgumentArity.OneOrMore,
        };
    public Option<string[]> Env { get; } =
        new("--env")
        {
            Description = "Environment variable for the command; without a value, its current value is used.",
            HelpName = "NAME[=VALUE]",
            Arity = ArgumentArity.OneOrMore,
        };
    public Option<string[]> Secret { get; } = SecretOption();
    public Option<string?> Container { get; } =
        new("--container")
        {
            Description = "Run in this container image, with the container runtime of the site.",
            HelpName = "IMAGE",
        };
    public Option<bool> Pull { get; } =
        new("--pull-image") { Description = "Check the registry for a newer image with the same tag." };
    public Option<string[]> Role { get; } =
        new("--role")
        {
            Description =
                "Ranks that work together: worker=3, server=node3, worker=3,gpus=1. Also ready=port, service=yes, "
                + "cpus=N, memory=SIZE.",
            HelpName = "NAME=N|HOST,…",
            Arity = ArgumentArity.OneOrMore,
        };
    public Option<string?> ReadyWithin { get; } =
        new("--ready-within") { Description = "How long ranks wait for each other (default: 10m).", HelpName = "TIME" };
    public Option<string[]> After { get; } =
        new("--after")
        {
            Description = "Start only after this run has succeeded.",
            HelpName = "RUN",
            Arity = ArgumentArity.OneOrMore,
        };
    public Option<string?> Keep { get; } =
        new("--keep")
        {
            Description = "Keep the machine of a cloud site this long after the end, for the next run.",
            HelpName = "TIME",
        };
    public Option<bool> Notify { get; } =
        new("--notify") { Description = "Tell me when it ends, or starts after a long wait (`notify:` says how)." };
    public Option<bool> Detach { get; } =
        new("--detach", "-d") { Description = "Submit and return without following the run." };
    public Option<bool> DryRun { get; } =
        new("--dry-run") { Description = "Show the plan and the files that would be sent, and do nothing." };
    public Option<bool> Scripts { get; } =
        new("--scripts") { Description = "With --dry-run, print the exact scripts as well." };
    public Option<bool> NoFetch { get; } = new("--no-fetch") { Description = "Do not fetch results." };
    public Option<OnInterrupt> OnInterrupt { get; } = CtrlC.Option();

    public static Option<string[]> SecretOption() =>
        new("--secret")
        {
            Description = "The same as --env, for a value that Muster must not remember.",
            HelpName = "NAME[=VALUE]",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };

    public SubmitRequest Asked(ParseResult parsed) =>
        new()
        {
            Command = parsed.Invocation().Command,
            WorkingFolder = Directory.GetCurrentDirectory(),
            Name = parsed.GetValue(Name),
            Tags = parsed.GetValue(Tag) ?? [],
            Host = parsed.GetValue(Host),
            Gpus = parsed.GetValue(Gpus),
            Cpus = parsed.GetValue(Cpus),
            Memory = parsed.GetValue(Memory),
            Time = parsed.GetValue(Time),
            Set = parsed.GetValue(Set) ?? [],
            Env = parsed.GetValue(Env) ?? [],
            Secrets = parsed.GetValue(Secret) ?? [],
            Container = parsed.GetValue(Container),
            PullImage = parsed.GetValue(Pull),
            Roles = parsed.GetValue(Role) ?? [],
            ReadyWithin = parsed.GetValue(ReadyWithin),
            After = parsed.GetValue(After) ?? [],
            Keep = parsed.GetValue(Keep),
            Notify = parsed.GetValue(Notify),
        };
}
