using System.CommandLine;
using System.Text;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Cli.Runs;

internal static class SshConfigCommand
{
    private const string FileName = "muster_config";

    public static Command Create()
    {
        var of = new Argument<string[]>("RUN|SITE")
        {
            Description = "Runs or sites (default: all sites).",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var rank = ExecCommand.RankOption();
        var write = new Option<bool>("--write") { Description = $"Write them to ~/.ssh/{FileName}." };
        var command = new Command(
            "ssh-config",
            """
            Print entries for SSH, so that editors reach runs and sites.

              muster ssh-config train           Host train.muster: the node where the run is now, through its login node
              muster ssh-config cedar --write   Host cedar.muster, in ~/.ssh/muster_config
              code --remote ssh-remote+train.muster FOLDER

            Nothing is installed on the other side, and your own ~/.ssh/config is not changed.
            """
        )
        {
            of,
            rank,
            write,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var words = parsed.GetValue(of) ?? [];
                var entries = new List<SshEntryView>();
                foreach (var word in words.Length > 0 ? words : [.. app.Config.Sites.Select(site => site.Name)])
                {
                    if (app.Config.Find(word) is not null)
                        entries.AddRange(await OfSiteAsync(app.OpenSite(word), ct));
                    else
                        entries.AddRange(
                            await OfRunAsync(app, RunSelector.Get(app.Store, word), parsed.GetValue(rank), ct)
                        );
                }
                entries = [.. entries.DistinctBy(entry => entry.Host)];
                if (entries.Count == 0)
                    throw new UserException(
                        "there is nothing to reach by SSH: all of it is on this machine",
                        "Name a run or a site on other hosts; `muster sites list` lists sites."
                    );
                var file = parsed.GetValue(write) ? Write(entries) : null;
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(new SshConfigView(1, entries, file), RunAnswers.Plain.SshConfigView)
                    );
                else if (file is null)
                    app.Screen.Data(Text(entries).TrimEnd('\n'));
                if (file is not null)
                    app.Screen.Note("written", file);
                if (file is not null && !IsIncluded(file))
                    app.Screen.Note("next", $"put this at the top of ~/.ssh/config: Include {FileName}");
                foreach (var entry in entries.Where(entry => entry.Folder is not null))
                    app.Screen.Note("open", $"code --remote ssh-remote+{entry.Host} {ShellText.Quote(entry.Folder!)}");
                return 0;
            }
        );
        return command;
    }

    internal static string Text(IEnumerable<SshEntryView> entries)
    {
        var text = new StringBuilder();
        foreach (var entry in entries)
        {
            text.Append($"# {entry.About}\nHost {entry.Host}\n");
            foreach (var setting in entry.Settings)
                text.Append($"  {setting.Key} {SafeText.OneLine(setting.Value)}\n");
            text.Append('\n');
        }
        return text.ToString();
    }

    private static async Task<IReadOnlyList<SshEntryView>> OfSiteAsync(OpenSite site, CancellationToken ct)
    {
        var entries = new List<SshEntryView>();
        foreach (var host in site.HostNames)
            if (site.HostOf(host) is OpenSshHost ssh)
                entries.Add(new(NameOf(site, host), $"{host} of {site.Site.Name}", await ssh.SettingsAsync(ct)));
        return entries;
    }

    /// <summary>The machine where the run is now, and the one that leads there.</summary>
    private static async Task<IReadOnlyList<SshEntryView>> OfRunAsync(
        App app,
        Run run,
        string? rank,
        CancellationToken ct
    )
    {
        var site = app.OpenSite(run.Plan.Site);
        var way = await Entrance.FindAsync(
            app,
            site,
            run,
            rank,
            null,
            EntranceKind.Closed,
            ["sh", "-c", "uname -n; pwd"],
            ct
        );
        if (site.HostOf(way.Host) is not OpenSshHost login)
        {
            if (way.Job is null)
                throw new UserException(
                    $"{run.Plan.Name} is on this machine",
                    $"Open its folder: muster exec {run.Plan.Name} -- pwd"
                );
            login = null!;
        }
        var said = new MemoryStream();
        var complaint = new MemoryStream();
        var code = await site.HostOf(way.Host)
            .PassAsync(way.Text, null, (bytes, isError) => (isError ? complaint : said).Write(bytes.Span), ct);
        if (code != 0 || Encoding.UTF8.GetString(said.ToArray()).Split('\n') is not [.., var node, var folder, ""])
            throw new UserException(
                $"{run.Plan.Name} did not say where it is: {Encoding.UTF8.GetString(complaint.ToArray()).Trim()}",
                $"See how it stands: muster why {run.Plan.Name}"
            );
        var name = $"{run.Plan.Name}{(rank is null ? "" : $".{rank}")}.muster";
        if (way.Job is null)
            return [new(name, way.Where, await login.SettingsAsync(ct)) { Folder = folder }];
        if (login is null)
            return [new(name, way.Where, [new("HostName", node)]) { Folder = folder }];
        var before = NameOf(site, way.Host ?? site.HostNames[0]);
        var behind = await site.NodeBehind(way.Host ?? site.HostNames[0], node).SettingsAsync(ct);
        return
        [
            new(before, $"the login node of {site.Site.Name}", await login.SettingsAsync(ct)),
            new(
                name,
                way.Where,
                [
                    .. behind.Where(setting => setting.Key is not ("ProxyJump" or "ProxyCommand")),
                    new("ProxyJump", before),
                ]
            )
            {
                Folder = folder,
            },
        ];
    }

    private static string NameOf(OpenSite site, string host) =>
        $"{(site.HostNames.Count == 1 ? site.Site.Name : $"{host[(host.IndexOf('@') + 1)..]}.{site.Site.Name}")}.muster";

    private static string Folder =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".ssh");

    private static string Write(IReadOnlyList<SshEntryView> entries)
    {
        var file = Path.Combine(Directory.CreateDirectory(Folder).FullName, FileName);
        File.WriteAllText(file + ".part", $"# Written by `muster ssh-config --write`.\n{Text(entries)}");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file + ".part", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Move(file + ".part", file, overwrite: true);
        return file;
    }

    private static bool IsIncluded(string file)
    {
        var own = Path.Combine(Folder, "config");
        return File.Exists(own)
            && File.ReadLines(own)
                .Select(line => line.Trim().Split([' ', '\t', '='], 2))
                .Any(line =>
                    line.Length == 2
                    && line[0].Equals("Include", StringComparison.OrdinalIgnoreCase)
                    && (line[1].Contains(FileName) || line[1].Contains(file))
                );
    }
}

/// <summary>What `ssh-config --json` answers.</summary>
public sealed record SshConfigView(int Schema, IReadOnlyList<SshEntryView> Hosts, string? File);

/// <param name="Host">The name to connect to.</param>
public sealed record SshEntryView(string Host, string About, IReadOnlyList<SshSetting> Settings)
{
    /// <summary>Where the run's code is, for an editor to open.</summary>
    public string? Folder { get; init; }
}
