using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Sites;
using Muster.Sites.Doctor;
using Muster.Sites.Schedulers;

namespace Muster.Cli.Sites;

internal static class SitesCheckCommand
{
    public static Command Create()
    {
        var names = new Argument<string[]>("SITE")
        {
            Description = "Sites to check (default: all).",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var fix = new Option<bool>("--fix")
        {
            Description =
                "Fix what can be fixed safely: create the root, install your public key, make the socket folder "
                + "private.",
        };
        var command = new Command("check", "Check that sites work, and explain how to fix what does not.")
        {
            names,
            fix,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var chosen = parsed.GetValue(names) is { Length: > 0 } some
                    ? some.Select(app.GetSite).ToList()
                    : [.. app.Config.Sites];
                var views = new List<SiteCheckView>();
                foreach (var site in chosen)
                {
                    app.Screen.Passing($"looking at {site.Name} …");
                    var view = await CheckAsync(app, site, parsed.GetValue(fix), ct);
                    views.Add(view);
                    if (!app.Json)
                        Show(app.Screen, view);
                }
                var ok = views.All(view => view.Ok);
                if (app.Json)
                    app.Screen.Data(JsonSerializer.Serialize(new CheckView(1, ok, views), CheckJson.Plain.CheckView));
                return ok ? ExitCodes.Done : ExitCodes.Fault;
            }
        );
        return command;
    }

    public static async Task<SiteCheckView> CheckAsync(App app, Site site, bool fix, CancellationToken ct)
    {
        var kind = SiteView.KindOf(site);
        if (site is CloudSite cloud)
        {
            var findings = (await CloudFindings.ForAsync(cloud, app.Clock, ct)).Select(FindingView.Of).ToList();
            var provider = cloud.Cloud.Provider.ToString().ToLowerInvariant();
            return new(
                site.Name,
                kind,
                findings.All(finding => finding.Mark != "bad"),
                [new(provider, findings)],
                null
            );
        }
        var open = app.OpenSite(site);
        var before = SocketFindings(app, open);
        var (hosts, budget) = await new SiteCheck(open, app.Clock).RunAsync(ct);
        var found = hosts.ToDictionary(host => host.Name, host => SiteFindings.For(site, host));
        if (fix && await new SiteRepair(app, open).MendAsync(before, found, ct))
        {
            (hosts, budget) = await new SiteCheck(open, app.Clock).RunAsync(ct);
            found = hosts.ToDictionary(host => host.Name, host => SiteFindings.For(site, host));
            before = SocketFindings(app, open);
        }
        HostCheckView[] views =
        [
            .. hosts.Select(
                (host, i) =>
                    new HostCheckView(
                        host.Name,
                        [.. (i == 0 ? before : []).Concat(found[host.Name]).Select(FindingView.Of)]
                    )
            ),
        ];
        return new(
            site.Name,
            kind,
            views.All(view => view.Findings.All(finding => finding.Mark != "bad")),
            views,
            new(
                budget.Connections,
                budget.RemoteCommands,
                budget.SchedulerCommands,
                budget.SchedulerCommands is null ? null : SchedulerDesk.CommandsAMinute
            )
        );
    }

    /// <summary>Who may open the sockets may use the connections.</summary>
    private static Finding[] SocketFindings(App app, OpenSite open)
    {
        var folder = app.Folders.Sockets;
        if (open.IsHere || OperatingSystem.IsWindows() || !Directory.Exists(folder))
            return [];
        const UnixFileMode others =
            UnixFileMode.GroupRead
            | UnixFileMode.GroupWrite
            | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead
            | UnixFileMode.OtherWrite
            | UnixFileMode.OtherExecute;
        return (File.GetUnixFileMode(folder) & others) == UnixFileMode.None
            ? []
            :
            [
                new(
                    Mark.Bad,
                    "sockets",
                    $"other users have access to {folder}",
                    $"`chmod 700 {folder}`, or run this with --fix."
                )
                {
                    Remedy = Remedy.CloseSockets,
                },
            ];
    }

    private static void Show(Screen screen, SiteCheckView site)
    {
        foreach (var host in site.Hosts)
        {
            screen.Data(
                host.Name == site.Site || site.Hosts.Count == 1
                    ? $"{site.Site} ({host.Name})"
                    : $"{site.Site}: {host.Name}"
            );
            foreach (var finding in host.Findings.Where(finding => !screen.Quiet || finding.Mark == "bad"))
            {
                var tint = finding.Mark switch
                {
                    "ok" => Tint.Green,
                    "warn" => Tint.Yellow,
                    _ => Tint.Red,
                };
                screen.Data(
                    $"  {(screen.DataIsSeen ? screen.Paint($"{finding.Mark, -4}", tint) : $"{finding.Mark, -4}")} "
                        + $"{finding.About, -14} {finding.Text}"
                );
                if (finding.Fix is { } fix)
                    screen.Data($"       fix: {fix}");
            }
        }
        if (site.Budget is not { } budget || screen.Quiet)
            return;
        var connections =
            budget.Connections.Count == 0
                ? "no connections"
                : "connections opened: "
                    + string.Join(", ", budget.Connections.Select(pair => $"{pair.Key} {pair.Value}"));
        screen.Data(
            $"  budget: {connections}; {Words.Count(budget.RemoteCommands, "remote command")}"
                + (
                    budget.SchedulerCommands is { } spent
                        ? $"; {Words.Count(spent, "scheduler command")} in the last minute, of "
                            + $"{budget.SchedulerCommandsAllowed} allowed"
                        : ""
                )
        );
    }
}

public sealed record CheckView(int Schema, bool Ok, IReadOnlyList<SiteCheckView> Sites);

public sealed record SiteCheckView(
    string Site,
    string Kind,
    bool Ok,
    IReadOnlyList<HostCheckView> Hosts,
    BudgetView? Budget
);

public sealed record HostCheckView(string Name, IReadOnlyList<FindingView> Findings);

public sealed record FindingView(string Mark, string About, string Text, string? Fix)
{
    public static FindingView Of(Finding finding) =>
        new(finding.Mark.ToString().ToLowerInvariant(), finding.About, finding.Text, finding.Fix);
}

public sealed record BudgetView(
    IReadOnlyDictionary<string, int> Connections,
    int RemoteCommands,
    int? SchedulerCommands,
    int? SchedulerCommandsAllowed
);

/// <summary>The JSON that `sites check` prints.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(CheckView))]
internal sealed partial class CheckJson : JsonSerializerContext
{
    public static CheckJson Plain { get; } = new(AnswerJson.Readable());
}
