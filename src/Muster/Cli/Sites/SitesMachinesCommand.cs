using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Machines;
using Muster.Sites;
using Muster.Sites.Clouds.Keeping;

namespace Muster.Cli.Sites;

/// <summary>The machines that were made for this person's runs.</summary>
internal static class SitesMachinesCommand
{
    public static Command List()
    {
        var sites = Sites();
        var command = new Command(
            "machines",
            """
            List the machines that clouds have made for your runs, what is on them and what they cost.

              muster sites machines
              muster sites machines burst
            """
        )
        {
            sites,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var views = new List<CloudMachineView>();
                foreach (var cloud in Clouds(app, parsed.GetValue(sites)!))
                foreach (var (machine, runs) in await new RunMachines(cloud, app.Store, app.Clock).ListAsync(ct))
                    views.Add(CloudMachineView.Of(machine, runs, app.Clock.GetUtcNow()));
                Show(app, views);
                return ExitCodes.Done;
            }
        );
        return command;
    }

    public static Command GiveBack()
    {
        var site = new Argument<string>("SITE") { Description = "Cloud site." };
        var names = new Argument<string[]>("MACHINE")
        {
            Description = "Machines, by name.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command(
            "give-back",
            """
            Give machines back to their cloud at once. What runs on them ends; results that were not fetched are lost.

              muster sites give-back burst muster-0a1b2c3d4e5f
            """
        )
        {
            site,
            names,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var cloud = Clouds(app, [parsed.GetValue(site)!]).Single();
                var machines = new RunMachines(cloud, app.Store, app.Clock);
                var known = await machines.ListAsync(ct);
                var chosen = parsed
                    .GetValue(names)!
                    .Select(name =>
                        known.FirstOrDefault(one => one.Machine.Name == name && !one.Machine.IsGone)
                            is { Machine: not null } found
                            ? found
                            : throw new UserException(
                                $"{cloud.Site.Name} has no machine {name}",
                                $"`muster sites machines {cloud.Site.Name}` lists them."
                            )
                    )
                    .ToList();
                foreach (var (machine, runs) in chosen)
                {
                    var lost = runs.Where(run => run.State.IsLive || MachineUse.HasResults(run)).ToList();
                    if (lost.Count > 0 && !Agrees(app, machine, lost))
                        continue;
                    foreach (var run in lost.Where(run => run.State.IsLive))
                        app.Store.Change(run.Id, before => before with { CancelWished = true });
                    await machines.GiveBackAsync(machine.Id, "given back by hand", ct);
                }
                var after = (await machines.ListAsync(ct))
                    .Where(one => chosen.Exists(other => other.Machine.Id == one.Machine.Id))
                    .Select(one => CloudMachineView.Of(one.Machine, one.Runs, app.Clock.GetUtcNow()));
                Show(app, [.. after]);
                return ExitCodes.Done;
            }
        );
        return command;
    }

    /// <summary>The clouds among these sites; without any, all that were used.</summary>
    public static IEnumerable<OpenCloud> Clouds(App app, IReadOnlyList<string> names) =>
        names.Count > 0
            ? names.Select(name =>
                app.OpenSite(name).Cloud
                ?? throw new UserException(
                    $"site {name} makes no machines",
                    "Name a site of kind cloud: `muster sites list` shows the kinds."
                )
            )
            : app
                .Config.Sites.OfType<CloudSite>()
                .Select(site => app.OpenSite(site.Name).Cloud!)
                .Where(cloud => cloud.IsUsed);

    public static Argument<string[]> Sites() =>
        new("SITE") { Description = "Cloud sites (default: all that were used).", Arity = ArgumentArity.ZeroOrMore };

    private static bool Agrees(App app, MachineRecord machine, List<Run> lost)
    {
        if (app.Yes)
            return true;
        var what =
            $"{machine.Name} has {string.Join(", ", lost.Select(run => $"{run.Plan.Name} ({run.State.Word})"))}, whose "
            + "results are not here";
        if (!app.Screen.MayAsk || app.Json)
            throw new UserException(what, $"Fetch them first: muster fetch {app.IdOf(lost[0])}   Or agree with --yes.");
        return app.Screen.Ask($"{what}. Give it back all the same? [y]es [n]o", "yn") == 'y';
    }

    private static void Show(App app, List<CloudMachineView> views)
    {
        if (app.Json)
        {
            app.Screen.Data(
                JsonSerializer.Serialize(new CloudMachineListView(1, views), SiteAnswers.Plain.CloudMachineListView)
            );
            return;
        }
        if (app.Screen.Quiet)
        {
            foreach (var view in views)
                app.Screen.Data(view.Name);
            return;
        }
        if (views.Count == 0)
        {
            app.Screen.Note("none", "no machines; `muster submit -s SITE` makes one for its run");
            return;
        }
        app.Screen.Table(
            ["MACHINE", "SITE", "TYPE", "STATE", "RUNS", "COST", "WHAT"],
            [
                .. views.Select(view =>
                    (IReadOnlyList<string>)
                        [
                            view.Name,
                            view.Site,
                            string.IsNullOrEmpty(view.Place) ? view.Type : $"{view.Type} {view.Place}",
                            view.State,
                            view.Runs.Count == 0 ? "-" : string.Join(',', view.Runs.Select(run => run.Name)),
                            Money(view.Cost, view.Currency),
                            view.Why ?? "",
                        ]
                ),
            ]
        );
    }

    public static string Money(decimal? amount, string? currency) =>
        amount is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{amount:0.00##} {currency}").TrimEnd();
}

/// <summary>A machine of a cloud, as `sites machines --json` shows it.</summary>
internal sealed record CloudMachineView(string Id, string Name, string Site, string Type, string State, string? Why)
{
    public string? Place { get; init; }
    public string? Address { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Its absolute end, whatever happens.</summary>
    public DateTimeOffset Until { get; init; }
    public decimal? PricePerHour { get; init; }

    /// <summary>So far; null where no price is known.</summary>
    public decimal? Cost { get; init; }
    public string? Currency { get; init; }
    public required IReadOnlyList<MachineRunView> Runs { get; init; }

    public static CloudMachineView Of(MachineRecord machine, IReadOnlyList<Run> runs, DateTimeOffset now) =>
        new(machine.Id.ToString(), machine.Name, machine.Site, machine.Request.Type, machine.State.Word, machine.Why)
        {
            Place = machine.Machine?.Place,
            Address = machine.Machine?.PublicAddress ?? machine.Machine?.PrivateAddress,
            CreatedAt = machine.Created,
            Until = machine.Until,
            PricePerHour = machine.Price?.PerHour,
            Cost = machine.Price is null ? null : MachineLedger.Cost(machine, DateTimeOffset.MinValue, now, now),
            Currency = machine.Price?.Currency,
            Runs = [.. runs.Select(run => new MachineRunView(run.Id.ToString(), run.Plan.Name, run.State.Word))],
        };
}

internal sealed record MachineRunView(string Id, string Name, string State);

internal sealed record CloudMachineListView(int Schema, IReadOnlyList<CloudMachineView> Machines);
