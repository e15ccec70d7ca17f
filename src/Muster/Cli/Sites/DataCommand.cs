using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Runs;
using Muster.Runs.Tidy;
using Muster.Sites;
using Muster.Snapshots;

namespace Muster.Cli.Sites;

internal static class DataCommand
{
    private static readonly Option<string?> Site = new("--site", "-s")
    {
        Description = "Site: a name from muster.yaml.",
        HelpName = "SITE",
    };
    private static readonly Option<string?> Host = new("--host")
    {
        Description = "Only this host of an ssh site (default: all of them).",
        HelpName = "HOST",
    };

    public static Command Create() =>
        new("data", "Keep data sets on sites, for the inputs of many runs: list, push and drop them.")
        {
            List(),
            Push(),
            Drop(),
        };

    private static Command List()
    {
        var command = new Command(
            "list",
            """
            List the data sets of a site, and what else takes room in its folder.

              muster data list -s cedar
            """
        )
        {
            Site,
            Host,
        };
        command.Aliases.Add("ls");
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var views = new List<DataHostView>();
                foreach (var place in PlacesOf(app, parsed))
                {
                    var list = await new SiteData(place.Host, place.Root).ListAsync(ct);
                    views.Add(
                        new(
                            place.Site,
                            place.Name,
                            [.. list.Sets.Select(set => new DataSetView(set.Name, set.Files, set.Bytes))],
                            list.Parts
                        )
                    );
                }
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(new DataListView(1, views), SiteAnswers.Plain.DataListView)
                    );
                else if (app.Screen.Quiet)
                    foreach (var name in views.SelectMany(view => view.Sets).Select(set => set.Name).Distinct())
                        app.Screen.Data(name);
                else
                    Show(app, views);
                return ExitCodes.Done;
            }
        );
        return command;
    }

    private static void Show(App app, IReadOnlyList<DataHostView> views)
    {
        var rows = views
            .SelectMany(view =>
                view.Sets.Select(set =>
                    (IReadOnlyList<string>)[set.Name, view.Place, $"{set.Files}", Words.Size(set.Bytes)]
                )
            )
            .ToList();
        if (rows.Count > 0)
            app.Screen.Table(["NAME", "WHERE", "FILES", "SIZE"], rows);
        foreach (var view in views)
        {
            var parts = view.Parts.Select(part => $"{part.Key} {Words.Size(part.Value)}").ToList();
            app.Screen.Note(
                view.Place,
                (view.Sets.Count == 0 ? "no data sets" : Words.Count(view.Sets.Count, "data set"))
                    + (parts.Count == 0 ? "" : $"; in its folder: {string.Join(", ", parts)}")
            );
        }
    }

    private static Command Push()
    {
        var what = new Argument<string>("PATH[:NAME]")
        {
            Description = "A folder or file, and what it is to be called.",
        };
        var exclude = new Option<string[]>("--exclude")
        {
            Description = "Leave files out; patterns as in .gitignore.",
            HelpName = "PATTERN",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        var command = new Command(
            "push",
            """
            Send a data set to a site. Only content that is not there yet is sent.

              muster data push -s cedar ~/data/imagenet
              muster data push -s lab --host gpu1 photos:north --exclude '*.tmp'
              muster submit -s cedar --input cedar:data/imagenet -- python train.py

            A push that was broken off goes on where it stopped: type it again.
            """
        )
        {
            what,
            Site,
            Host,
            exclude,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var input = PlannedInput.Parse(parsed.GetValue(what)!, Directory.GetCurrentDirectory());
                var items = FolderSnapshot.Take(input.Path, parsed.GetValue(exclude) ?? [], ct).Items;
                var views = new List<DataPushView>();
                foreach (var place in PlacesOf(app, parsed))
                {
                    var began = app.Clock.GetTimestamp();
                    var report = await new SiteData(place.Host, place.Root).PushAsync(
                        input.Name,
                        items,
                        $"{place.Site}/{place.Key}",
                        app.Cache,
                        new TransferLine(app.Screen, "pushing", app.Clock),
                        ct
                    );
                    app.Screen.Note(
                        "pushed",
                        $"{input.Name} to {place.Shown}: {Words.Count(report.FilesSent, "file")}, "
                            + $"{Words.Size(report.BytesSent)} in {Words.Duration(app.Clock.GetElapsedTime(began))}"
                            + (report.BytesThere > 0 ? $"; {Words.Size(report.BytesThere)} already there" : ""),
                        Tint.Green
                    );
                    views.Add(new(place.Site, place.Name, report.FilesSent, report.BytesSent, report.BytesThere));
                }
                var use = $"{views[0].Site}:data/{input.Name}";
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(
                            new DataPushListView(1, input.Name, use, views),
                            SiteAnswers.Plain.DataPushListView
                        )
                    );
                else
                    app.Screen.Note("use it", $"muster submit -s {views[0].Site} --input {use} -- COMMAND");
                return ExitCodes.Done;
            }
        );
        return command;
    }

    private static Command Drop()
    {
        var names = new Argument<string[]>("NAME")
        {
            Description = "Data sets, as `data list` shows them.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command(
            "drop",
            """
            Remove data sets from a site, with the content that nothing else there holds.

              muster data drop -s cedar imagenet
            """
        )
        {
            names,
            Site,
            Host,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var places = PlacesOf(app, parsed);
                var wanted = parsed.GetValue(names)!.Distinct().ToList();
                if (wanted.FirstOrDefault(name => !RunNames.IsWellFormed(name)) is { } odd)
                    throw UserException.Misuse(
                        $"'{odd}' is not a data set's name",
                        "`muster data list` shows the names; a folder of another kind is removed by hand."
                    );
                if (!app.Yes)
                {
                    var what = $"{string.Join(", ", wanted)} from {string.Join(", ", places.Select(one => one.Shown))}";
                    if (!app.Screen.MayAsk || app.Json)
                        throw new UserException(
                            $"nothing was removed: dropping {what} was not confirmed",
                            "Look at `muster data list`, then confirm with --yes."
                        );
                    if (app.Screen.Ask($"Drop {what}? Runs that use it lose it. [y]es [n]o", "yn") != 'y')
                        return ExitCodes.Fault;
                }
                var views = new List<DataDropView>();
                foreach (var place in places)
                foreach (var name in wanted)
                {
                    var freed = await new SiteData(place.Host, place.Root).DropAsync(name, ct);
                    views.Add(new(place.Site, place.Name, name, freed is not null, freed ?? 0));
                    if (freed is { } bytes)
                        app.Screen.Note("dropped", $"{name} from {place.Shown}: {Words.Size(bytes)} freed");
                }
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(new DataDropListView(1, views), SiteAnswers.Plain.DataDropListView)
                    );
                var missing = wanted.Where(name => !views.Any(view => view.Name == name && view.Dropped)).ToList();
                return missing.Count == 0
                    ? ExitCodes.Done
                    : throw new UserException(
                        $"there is no data set {string.Join(", ", missing)} on {places[0].Site}",
                        $"`muster data list -s {places[0].Site}` shows the names."
                    );
            }
        );
        return command;
    }

    private static List<DataPlace> PlacesOf(App app, ParseResult parsed)
    {
        var site = app.GetSite(parsed.GetValue(Site));
        if (site is CloudSite)
            throw new UserException(
                $"the machines of {site.Name} are made for each run and keep no data",
                "Choose a site of another kind with -s."
            );
        var open = app.OpenSite(site);
        var hosts = open.IsHere ? [null] : open.HostNames.Cast<string?>().ToList();
        if (parsed.GetValue(Host) is { } only)
            hosts = hosts.Contains(only)
                ? [only]
                : throw new UserException(
                    $"{site.Name} has no host '{only}'",
                    $"Its hosts: {string.Join(", ", hosts.OfType<string>().DefaultIfEmpty("this machine"))}"
                );
        return [.. hosts.Select(host => new DataPlace(site.Name, host, open.HostOf(host), open.Root))];
    }

    private sealed record DataPlace(string Site, string? Key, Muster.Hosts.IHost Host, string Root)
    {
        /// <summary>The host, where the site has several.</summary>
        public string? Name => Key == Site ? null : Key;
        public string Shown => Name is null ? Site : $"{Site}:{Name}";
    }
}

public sealed record DataListView(int Schema, IReadOnlyList<DataHostView> Hosts);

/// <param name="Parts">Bytes of each folder of the site's root.</param>
public sealed record DataHostView(
    string Site,
    string? Host,
    IReadOnlyList<DataSetView> Sets,
    IReadOnlyDictionary<string, long> Parts
)
{
    internal string Place => Host is null ? Site : $"{Site}:{Host}";
}

public sealed record DataSetView(string Name, int Files, long Bytes);

/// <param name="Use">What `submit --input` takes.</param>
public sealed record DataPushListView(int Schema, string Name, string Use, IReadOnlyList<DataPushView> Hosts);

public sealed record DataPushView(string Site, string? Host, int Files, long Bytes, long BytesThere);

public sealed record DataDropListView(int Schema, IReadOnlyList<DataDropView> Sets);

public sealed record DataDropView(string Site, string? Host, string Name, bool Dropped, long BytesFreed);
