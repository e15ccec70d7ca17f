using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Sites;
using Muster.Sites.Clouds;
using Muster.Sites.Clouds.Keeping;

namespace Muster.Cli.Sites;

/// <summary>Asks a provider what there is of ours, whatever is written down here.</summary>
internal static class SitesSweepCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public static Command Create()
    {
        var sites = SitesMachinesCommand.Sites();
        var fleet = new Option<string?>("--fleet")
        {
            Description = "Sweep what another installation has made, by its mark (the label `muster` at the provider).",
            HelpName = "MARK",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would be removed without removing it." };
        var command = new Command(
            "sweep",
            """
            Ask clouds which machines there are, and remove those that nobody needs.

              muster sites sweep burst
              muster sites sweep burst --fleet 4be1c02a77d9    what another laptop has left
            """
        )
        {
            sites,
            fleet,
            dryRun,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var other = parsed.GetValue(fleet);
                if (other is not null && !CloudMarks.IsFleet(other))
                    throw UserException.Misuse(
                        $"'{other}' is not a fleet's mark",
                        "It has twelve hexadecimal digits: the value of the label `muster` of its machines."
                    );
                var names = parsed.GetValue(sites)!;
                if (other is not null && names.Length != 1)
                    throw UserException.Misuse("--fleet needs one SITE", "Name the site whose provider is asked.");
                var views = new List<SweepView>();
                foreach (var cloud in SitesMachinesCommand.Clouds(app, names))
                {
                    app.Screen.Passing($"asking {cloud.Site.Name} …");
                    views.Add(
                        other is null
                            ? await SweepAsync(app, cloud, parsed.GetValue(dryRun), ct)
                            : await SweepAsync(app, cloud, other, parsed.GetValue(dryRun), ct)
                    );
                }
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(new SweepListView(1, views), SiteAnswers.Plain.SweepListView)
                    );
                else if (views.Count == 0)
                    app.Screen.Note("none", "no cloud site was used from here; name one to ask it");
                return views.All(view => view.Complete) ? ExitCodes.Done : ExitCodes.Fault;
            }
        );
        return command;
    }

    private static async Task<SweepView> SweepAsync(App app, OpenCloud cloud, bool dryRun, CancellationToken ct)
    {
        var lines = await cloud.Keeper.SweepAsync(destroy: !dryRun, ct);
        if (!dryRun)
            await GoneAsync(app, cloud, ct);
        var view = new SweepView(
            cloud.Site.Name,
            await cloud.FleetAsync(ct),
            lines.All(line => line.Verdict is not SweepVerdict.Unseen),
            [.. lines.Select(line => SweepLineView.Of(line, dryRun))]
        );
        Show(app, view);
        return view;
    }

    /// <summary>Goes on until what was to go is gone, or long enough.</summary>
    private static async Task GoneAsync(App app, OpenCloud cloud, CancellationToken ct)
    {
        var began = app.Clock.GetTimestamp();
        while (app.Clock.GetElapsedTime(began) < Patience)
        {
            await cloud.Keeper.StepAsync(ct);
            var going = (await cloud.MachinesAsync(ct)).Count(record => record.State is MachineState.Destroying);
            if (going == 0)
                return;
            app.Screen.Passing($"waiting until {Words.Count(going, "machine")} of {cloud.Site.Name} are proved gone");
            await Task.Delay(TimeSpan.FromSeconds(1), app.Clock, ct);
        }
    }

    /// <summary>Everything of another fleet goes, after a question: nothing here knows what it is for.</summary>
    private static async Task<SweepView> SweepAsync(
        App app,
        OpenCloud cloud,
        string fleet,
        bool dryRun,
        CancellationToken ct
    )
    {
        var listing = await cloud.Provider.ListAsync(fleet, cloud.Settings.Places, ct);
        var found = new SweepView(
            cloud.Site.Name,
            fleet,
            true,
            [
                .. listing.Machines.Select(machine => new SweepLineView(machine.Name, "foreign", $"of fleet {fleet}")
                {
                    Id = machine.Id,
                    Place = machine.Place,
                }),
                .. listing.Leftovers.Select(part => new SweepLineView(part.Name ?? part.Id, "unknown", part.Kind)
                {
                    Id = part.Id,
                    Place = part.Place,
                }),
            ]
        );
        Show(app, found);
        if (dryRun || listing.Machines.Count == 0)
            return found;
        if (!app.Yes)
        {
            if (!app.Screen.MayAsk || app.Json)
                throw new UserException(
                    $"{Words.Count(listing.Machines.Count, "machine")} of fleet {fleet} would be removed",
                    "Agree with --yes, or look with --dry-run."
                );
            if (app.Screen.Ask($"Remove {Words.Count(listing.Machines.Count, "machine")}? [y]es [n]o", "yn") != 'y')
                return found;
        }
        var began = app.Clock.GetTimestamp();
        var left = listing.Machines.ToList();
        while (left.Count > 0 && app.Clock.GetElapsedTime(began) < Patience)
        {
            foreach (var machine in left.ToList())
            {
                if (!await cloud.Provider.DestroyAsync(machine, ct))
                    continue;
                left.Remove(machine);
                app.Screen.Note("gone", machine.Name, Tint.Green);
            }
            if (left.Count > 0)
                await Task.Delay(TimeSpan.FromSeconds(1), app.Clock, ct);
        }
        foreach (var machine in left)
            app.Screen.Note("not gone", $"{machine.Name} may still cost; sweep again", Tint.Red);
        return found with
        {
            Complete = left.Count == 0,
            Lines =
            [
                .. found.Lines.Select(line =>
                    line.Verdict == "foreign" && !left.Exists(machine => machine.Id == line.Id)
                        ? line with
                        {
                            Verdict = "removed",
                        }
                        : line
                ),
            ],
        };
    }

    private static void Show(App app, SweepView view)
    {
        if (app.Json)
            return;
        if (view.Lines.Count == 0)
            app.Screen.Note(view.Site, $"no machines of fleet {view.Fleet}", Tint.Green);
        else
            app.Screen.Table(
                ["MACHINE", "PLACE", "VERDICT", "WHY"],
                [
                    .. view.Lines.Select(line =>
                        (IReadOnlyList<string>)[line.Name, line.Place ?? "-", line.Verdict, line.Why]
                    ),
                ]
            );
    }
}

/// <summary>What `sites sweep --json` says.</summary>
internal sealed record SweepListView(int Schema, IReadOnlyList<SweepView> Sites);

/// <param name="Complete">All of it was seen, and what was to go is gone.</param>
internal sealed record SweepView(string Site, string Fleet, bool Complete, IReadOnlyList<SweepLineView> Lines);

internal sealed record SweepLineView(string Name, string Verdict, string Why)
{
    public string? Id { get; init; }
    public string? Place { get; init; }

    public static SweepLineView Of(SweepLine line, bool dryRun) =>
        new(
            line.Machine?.Name ?? line.Part?.Name ?? line.Part?.Id ?? "-",
            line.Verdict is SweepVerdict.Stray && !dryRun ? "removed" : line.Verdict.ToString().ToLowerInvariant(),
            line.Words
        )
        {
            Id = line.Machine?.Id ?? line.Part?.Id,
            Place = line.Machine?.Place ?? line.Part?.Place,
        };
}
