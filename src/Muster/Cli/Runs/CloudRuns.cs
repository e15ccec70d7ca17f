using System.Globalization;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Machines;
using Muster.Sites;
using Muster.Sites.Clouds.Keeping;

namespace Muster.Cli.Runs;

/// <summary>Runs on machines that are made for them: what a person is asked and told of the machines.</summary>
internal static class CloudRuns
{
    /// <summary>A machine that may cost more than this, in whatever currency, is asked about first.</summary>
    private const decimal AskAbove = 10;

    /// <summary>The machines of a site; null where machines are always there.</summary>
    public static RunMachines? Of(App app, string site) =>
        app.OpenSite(site).Cloud is { } cloud ? new(cloud, app.Store, app.Clock) : null;

    /// <summary>The machine for a plan, after a look at what it costs.</summary>
    public static async Task<RunPlan> ChooseAsync(App app, RunMachines machines, RunPlan plan, CancellationToken ct)
    {
        plan = await machines.ChooseAsync(plan, ct);
        if (await machines.EstimateAsync(plan, ct) is not var (price, most))
            return plan;
        var cost = string.Create(
            CultureInfo.InvariantCulture,
            $"a {plan.Machine!.Type} of {plan.Site}, {price.PerHour:0.####} {price.Currency} an hour, at most "
                + $"{most:0.00} {price.Currency}"
        );
        if (most > AskAbove && !app.Yes)
        {
            if (!app.Screen.MayAsk || app.Json)
                throw new UserException($"this run needs {cost}", "Agree with --yes.");
            if (app.Screen.Ask($"This run needs {cost}. Make it? [y]es [n]o", "yn") != 'y')
                throw new UserException("not submitted: the machine was declined", "Lower `max-life` of the site.");
        }
        else
            app.Screen.Note("machine", cost);
        return plan;
    }

    /// <summary>Makes the machine of a run, and tells each step.</summary>
    public static Func<Run, CancellationToken, Task> BringUp(App app, RunMachines machines) =>
        (run, ct) => machines.BringUpAsync(run, step => app.Screen.Note("machine", step), ct);

    /// <summary>From now on the machine stays for the run, whether anybody looks or not.</summary>
    public static async Task HoldAsync(App app, RunMachines machines, Run run, CancellationToken ct)
    {
        try
        {
            await machines.HoldAsync(run, ct);
        }
        catch (UserException fault)
        {
            app.Screen.Note(
                "note",
                $"{run.Plan.Host} could not be told to stay ({fault.Message}), and switches itself off before long; "
                    + $"`muster attach {app.IdOf(run)}` tells it",
                Tint.Yellow
            );
        }
    }

    /// <summary>Gives back what is not needed any more on these sites, and tells it.</summary>
    public static async Task SettleAsync(App app, IEnumerable<string> sites, CancellationToken ct)
    {
        foreach (var site in sites.Distinct())
        {
            try
            {
                if (Of(app, site) is not { } machines)
                    continue;
                // What a run has measured comes home before its machine may go.
                if (await machines.EndedAsync(ct) is { Count: > 0 } ended)
                    await app.AskMeasuresAsync(ended, TimeSpan.FromSeconds(10), ct);
                foreach (var machine in await machines.SettleAsync(ct))
                    app.Screen.Note("given back", Words(machine, app.Clock.GetUtcNow()));
            }
            catch (UserException fault)
            {
                app.Screen.Note(
                    "note",
                    $"the machines of {site} could not be looked after: {fault.Message}",
                    Tint.Yellow
                );
            }
        }
    }

    /// <summary>
    /// Sites whose machines may need somebody. Whoever never had one is not told here what is wrong in the
    /// configuration.
    /// </summary>
    public static IEnumerable<string> Used(App app) =>
        Directory.Exists(Path.Combine(app.Folders.State, "clouds"))
            ? app
                .Config.Sites.OfType<CloudSite>()
                .Select(site => site.Name)
                .Where(name => app.OpenSite(name).Cloud!.IsUsed)
            : [];

    /// <summary>Says until when a machine waits for somebody, after its run.</summary>
    public static void TellKept(App app, Run run)
    {
        if (run.Plan.Machine is null || MachineUse.Until(run) is var until && until <= app.Clock.GetUtcNow())
            return;
        var time = until.ToLocalTime().ToString("HH:mm", CultureInfo.InvariantCulture);
        app.Screen.Note(
            "kept",
            MachineUse.HasResults(run)
                ? $"{run.Plan.Host} waits until {time} for its results to be fetched: muster fetch {app.IdOf(run)}"
                : $"{run.Plan.Host} waits until {time} for the next run; not needed: muster sites give-back "
                    + $"{run.Plan.Site} {run.Plan.Host}",
            Tint.Yellow
        );
    }

    private static string Words(MachineRecord machine, DateTimeOffset now)
    {
        var cost = machine.Price is { } price
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"; it cost {MachineLedger.Cost(machine, DateTimeOffset.MinValue, now, now):0.00##} {price.Currency}"
            )
            : "";
        return $"{machine.Name}: {machine.Why}{cost}";
    }
}
