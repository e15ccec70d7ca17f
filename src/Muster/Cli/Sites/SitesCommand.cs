using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Sites;
using Muster.Sites.Import;
using Muster.Sites.Reading;

namespace Muster.Cli.Sites;

internal static class SitesCommand
{
    public static Command Create() =>
        new("sites", "Manage sites: list, show, add, import, check and tidy them, and the machines of clouds.")
        {
            List(),
            Show(),
            Add(),
            Import(),
            SitesCheckCommand.Create(),
            SitesTidyCommand.Create(),
            SitesMachinesCommand.List(),
            SitesMachinesCommand.GiveBack(),
            SitesSweepCommand.Create(),
        };

    private static Command List()
    {
        var command = new Command("list", "List the sites and the files that define them.");
        command.Aliases.Add("ls");
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            if (app.Json)
            {
                app.Screen.Data(
                    JsonSerializer.Serialize(
                        new SiteListView(1, app.Config.DefaultSite, [.. app.Config.Sites.Select(View)]),
                        SiteJson.Plain.SiteListView
                    )
                );
                return;
            }
            if (app.Screen.Quiet)
            {
                foreach (var site in app.Config.Sites)
                    app.Screen.Data(site.Name);
                return;
            }
            var rows = app
                .Config.Sites.Select(View)
                .Select(view =>
                    (IReadOnlyList<string>)
                        [
                            view.Name,
                            view.Default ? "*" : "",
                            view.Kind,
                            view.Hosts.Count == 0 ? "-" : string.Join(',', view.Hosts),
                            view.Root,
                            view.Origin,
                        ]
                )
                .ToList();
            app.Screen.Table(["NAME", "", "KIND", "HOSTS", "ROOT", "ORIGIN"], rows);

            SiteView View(Site site) => SiteView.Of(site, app.Config.DefaultSite);
        });
        return command;
    }

    private static Command Show()
    {
        var name = new Argument<string>("SITE") { Description = "Site, or the config file of an older tool." };
        var command = new Command("show", "Show the effective settings of a site. Secrets are not shown.") { name };
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            var view = SiteView.Of(app.GetSite(parsed.GetValue(name)), app.Config.DefaultSite);
            if (app.Json)
                app.Screen.Data(JsonSerializer.Serialize(view, SiteJson.Plain.SiteView));
            else
                Show(app.Screen, view);
        });
        return command;
    }

    private static void Show(Screen screen, SiteView view)
    {
        screen.Field("name", view.Name + (view.Default ? " (the default)" : ""));
        screen.Field("kind", view.Kind);
        screen.Field("origin", view.Origin);
        screen.Field("hosts", string.Join(' ', view.Hosts));
        screen.Field("provider", view.Provider);
        screen.Field("machines", view.Machines is { } machines ? string.Join(' ', machines) : null);
        screen.Field("places", view.Places is { } places ? string.Join(' ', places) : null);
        screen.Field("limit", view.Limit is { } limit ? $"{limit}" : null);
        foreach (var (role, hosts) in view.Roles ?? new Dictionary<string, IReadOnlyList<string>>())
            screen.Field("role", $"{role}: {string.Join(' ', hosts)}");
        screen.Field("check-pairs", view.CheckPairs is true ? "true" : null);
        screen.Field("root", view.Root);
        screen.Field("ssh-config", view.SshConfig);
        screen.Field("identity", view.Identity);
        foreach (var (key, value) in view.Sbatch ?? new Dictionary<string, string?>())
            screen.Field("sbatch", value is null ? key : $"{key}={value}");
        foreach (var line in view.Setup)
            screen.Field("setup", line);
        screen.Field("setup-errors", view.SetupErrors);
        screen.Field("environment", string.Join(' ', view.Environment));
        screen.Field("container", view.Container);
        screen.Field("runtime", view.Runtime);
        screen.Field("code", view.Code);
    }

    private static Command Add()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the site." };
        var kind = new Option<string>("--kind", "-k")
        {
            Description = "Kind of site: ssh, slurm, cloud, kubernetes or local.",
            HelpName = "ssh|slurm|cloud|kubernetes|local",
            Required = true,
        };
        var host = new Option<string[]>("--host", "-H")
        {
            Description = "Host name or SSH alias; repeat for several hosts.",
            HelpName = "HOST",
        };
        var root = new Option<string?>("--root")
        {
            Description = "Folder for runs on the site, preferably on a scratch file system.",
            HelpName = "FOLDER",
        };
        var set = new Option<string[]>("--set")
        {
            Description = "Set any other key, for example sbatch.time=10:00:00 or setup='module load cuda'.",
            HelpName = "KEY=VALUE",
        };
        var file = new Option<string?>("--file", "-f")
        {
            Description = "File to write to (default: the nearest muster.yaml, otherwise your user configuration).",
            HelpName = "FILE",
        };
        var command = new Command("add", "Add a site to the configuration.") { name, kind, host, root, set, file };
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            var site = SiteDraft.Read(
                parsed.GetValue(name)!,
                parsed.GetValue(kind)!,
                parsed.GetValue(host) ?? [],
                parsed.GetValue(root),
                parsed.GetValue(set) ?? [],
                LocalSources.Find()
            );
            Write(app, site, parsed.GetValue(file), []);
        });
        return command;
    }

    private static Command Import()
    {
        var from = new Argument<string>("FILE")
        {
            Description = "Config file of an older tool, such as cedar.json from cluster_tools.",
        };
        var name = new Option<string?>("--name")
        {
            Description = "Name of the site (default: the file's name).",
            HelpName = "NAME",
        };
        var file = new Option<string?>("--file", "-f")
        {
            Description = "File to write to (default: the nearest muster.yaml, otherwise your user configuration).",
            HelpName = "FILE",
        };
        var command = new Command("import", "Import a site from the config file of an older tool.")
        {
            from,
            name,
            file,
        };
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            var (site, warnings) = SiteFile.Read(parsed.GetValue(from)!, LocalSources.Find());
            if (site is CloudSite cloud)
            {
                var (named, notes) = AsrFile.ToBeWritten(cloud);
                (site, warnings) = (named, [.. warnings, .. notes]);
            }
            Write(
                app,
                parsed.GetValue(name) is { } chosen ? site with { Name = chosen } : site,
                parsed.GetValue(file),
                warnings
            );
        });
        return command;
    }

    private static void Write(App app, Site site, string? file, IReadOnlyList<string> warnings)
    {
        var path = Path.GetFullPath(file ?? LocalSources.Find().FileToAddTo());
        SiteWriter.Add(path, site, LocalSources.Find());
        foreach (var warning in warnings)
            app.Screen.Note("note", warning, Tint.Yellow);
        app.Screen.Note(
            "added",
            $"{site.Name} to {LocalSources.Find().Shown(path)}; check that it works: muster sites check {site.Name}",
            Tint.Green
        );
        if (app.Json)
            app.Screen.Data(
                JsonSerializer.Serialize(
                    new SiteAddedView(
                        1,
                        path,
                        SiteView.Of(site with { Origin = new(LocalSources.Find().Shown(path)) }, ""),
                        warnings
                    ),
                    SiteJson.Plain.SiteAddedView
                )
            );
        else if (app.Screen.Quiet)
            app.Screen.Data(site.Name);
    }
}
