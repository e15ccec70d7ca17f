using System.CommandLine;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Runs;

namespace Muster.Cli.Runs;

internal static class RerunCommand
{
    public static Command Create()
    {
        var selector = AttachCommand.RunArgument();
        var detach = new Option<bool>("--detach", "-d")
        {
            Description = "Submit and return without following the run.",
        };
        var env = new Option<string[]>("--env")
        {
            Description =
                "Set an environment variable; values are not stored, so they are read from this environment again.",
            HelpName = "NAME[=VALUE]",
            Arity = ArgumentArity.OneOrMore,
        };
        var onInterrupt = CtrlC.Option();
        var command = new Command("rerun", "Submit a run again with the same options and the current code.")
        {
            selector,
            detach,
            env,
            onInterrupt,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var run = RunSelector.Get(app.Store, parsed.GetValue(selector)!);
                var old = run.Plan;
                // Its plan names folders and variables of this machine, and anybody who can write to the site may have
                // written it.
                if (run.Adopted)
                    throw new UserException(
                        $"{old.Name} was adopted, so its plan was written on another machine",
                        $"Look at it with `muster show {old.Name}`, then submit the command from your own folder: "
                            + $"muster submit -s {old.Site} -- COMMAND"
                    );
                if (old.Snapshot && !Directory.Exists(old.WorkingFolder))
                    throw new UserException(
                        $"the folder {old.WorkingFolder} of {old.Name} no longer exists",
                        "Submit it again from where its code is now."
                    );
                var site = app.GetSite(old.Site);
                var given = (parsed.GetValue(env) ?? [])
                    .Select(entry => entry.Split('=', 2))
                    .ToDictionary(entry => entry[0], entry => entry.Length > 1 ? entry[1] : null);
                var environment = old
                    .EnvironmentNames.Union(given.Keys)
                    .ToDictionary(
                        name => name,
                        name =>
                            given.GetValueOrDefault(name)
                            ?? site.Env.GetValueOrDefault(name)
                            ?? Environment.GetEnvironmentVariable(name)
                            ?? throw new UserException(
                                $"{old.Name} needs the variable {name}; Muster does not store values",
                                $"Set it in your environment, or pass --env {name}=VALUE."
                            )
                    );
                var plan = old.As(RunId.New(app.Clock)) with { EnvironmentNames = [.. environment.Keys] };
                return await SubmitCommand.SubmitAsync(
                    app,
                    plan,
                    environment,
                    parsed.GetValue(detach),
                    fetch: true,
                    parsed.GetValue(onInterrupt),
                    ct
                );
            }
        );
        return command;
    }
}
