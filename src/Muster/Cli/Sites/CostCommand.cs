using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Runs;
using Muster.Sites.Clouds.Keeping;

namespace Muster.Cli.Sites;

/// <summary>What machines have cost that were made for this person's runs.</summary>
internal static class CostCommand
{
    private static readonly string[] Ways = ["day", "site", "run", "machine"];

    public static Command Create()
    {
        var by = new Option<string>("--by")
        {
            Description = "Sum by day, site, run or machine (default: day).",
            HelpName = "day|site|run|machine",
            DefaultValueFactory = _ => "day",
        };
        by.AcceptOnlyFromAmong(Ways);
        var days = new Option<int>("--days")
        {
            Description = "How many days to look back (default: 30).",
            HelpName = "N",
            DefaultValueFactory = _ => 30,
        };
        var command = new Command(
            "cost",
            """
            Show what the machines of clouds have cost, rounded as each provider bills.

              muster cost
              muster cost --by run --days 7

            A machine's cost begins when it is made and ends when it is proved gone, so that the bill is never more.
            """
        )
        {
            by,
            days,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var now = app.Clock.GetUtcNow();
                var today = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
                var from = today.AddDays(1 - Math.Clamp(parsed.GetValue(days), 1, 3660));
                var lines = new List<CostLine>();
                foreach (var cloud in SitesMachinesCommand.Clouds(app, []))
                foreach (var machine in await cloud.MachinesAsync(from, ct))
                    lines.AddRange(LinesOf(app, machine, parsed.GetValue(by)!, from, now));
                var sums = lines
                    .GroupBy(line => (line.Key, line.Currency))
                    .Select(group => new CostLine(group.Key.Key, group.Sum(line => line.Cost), group.Key.Currency))
                    .OrderBy(line => line.Key, StringComparer.Ordinal)
                    .ToList();
                Show(app, parsed.GetValue(by)!, sums);
                return ExitCodes.Done;
            }
        );
        return command;
    }

    private static IEnumerable<CostLine> LinesOf(
        App app,
        MachineRecord machine,
        string by,
        DateTimeOffset from,
        DateTimeOffset now
    )
    {
        if (machine is not { Price: { } price, MeterFrom: not null })
            yield break;
        if (by == "day")
        {
            for (var day = from; day < now; day = day.AddDays(1))
                if (MachineLedger.Cost(machine, day, day.AddDays(1), now) is > 0 and var cost)
                    yield return new(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), cost, price.Currency);
            yield break;
        }
        var whole = MachineLedger.Cost(machine, from, now, now);
        if (whole <= 0)
            yield break;
        if (by != "run")
        {
            yield return new(by == "site" ? machine.Site : machine.Name, whole, price.Currency);
            yield break;
        }
        // Runs that shared a machine share its cost by how long each was on it.
        var runs = app.Store.On(machine.Id);
        var spans = runs.Select(run => (run.Plan.Name, Time: TimeOn(run, now))).ToList();
        var all = spans.Sum(one => one.Time.TotalSeconds);
        if (all <= 0)
            yield return new(runs is [var only] ? only.Plan.Name : "no run", whole, price.Currency);
        else
            foreach (var (name, time) in spans)
                yield return new(name, whole * (decimal)(time.TotalSeconds / all), price.Currency);
    }

    private static TimeSpan TimeOn(Run run, DateTimeOffset now) =>
        run.State switch
        {
            RunState.Ended { Started: { } began, At: var end } when end > began => end - began,
            RunState.Running(_, _, var since) when now > since => now - since,
            _ => TimeSpan.Zero,
        };

    private static void Show(App app, string by, List<CostLine> sums)
    {
        var totals = sums.GroupBy(line => line.Currency)
            .Select(group => new CostLine("total", group.Sum(line => line.Cost), group.Key))
            .ToList();
        if (app.Json)
        {
            app.Screen.Data(JsonSerializer.Serialize(new CostView(1, by, sums, totals), SiteAnswers.Plain.CostView));
            return;
        }
        if (sums.Count == 0)
        {
            app.Screen.Note("none", "no machine of a cloud was made in that time");
            return;
        }
        app.Screen.Table(
            [by.ToUpperInvariant(), "COST"],
            [
                .. sums.Concat(totals)
                    .Select(line =>
                        (IReadOnlyList<string>)[line.Key, SitesMachinesCommand.Money(line.Cost, line.Currency)]
                    ),
            ]
        );
    }
}

internal sealed record CostLine(string Key, decimal Cost, string Currency);

/// <summary>What `cost --json` says.</summary>
internal sealed record CostView(int Schema, string By, IReadOnlyList<CostLine> Lines, IReadOnlyList<CostLine> Totals);
