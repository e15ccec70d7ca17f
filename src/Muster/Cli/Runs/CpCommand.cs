using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs;
using Muster.Shell;
using Muster.Transfers;

namespace Muster.Cli.Runs;

internal static class CpCommand
{
    /// <summary>
    /// What may be read of a run's folder; all but the logs may be written. The rest keeps its records.
    /// </summary>
    private static readonly string[] Areas = ["out", "code", "in", "work", "logs"];

    public static Command Create()
    {
        var source = new Argument<string>("SOURCE") { Description = "RUN:PATH, or a file or folder here." };
        var target = new Argument<string>("TARGET") { Description = "A file or folder here, or RUN:PATH." };
        var rank = ExecCommand.RankOption();
        var force = new Option<bool>("--force", "-f") { Description = "Write over files with other content." };
        var command = new Command(
            "cp",
            """
            Copy files and folders out of a run's folder or into it, also while it runs.

              muster cp train:out/model.pt .          one file to this folder
              muster cp last:code/runs ./runs         a folder
              muster cp lr.json train:in/             into the run, for its command to read
              muster cp sweep:out/7/log.csv 7.csv     of one index

            PATH begins with out, code, in, work or logs. Files with other content are never written over without
            --force; those with the same content are skipped.
            """
        )
        {
            source,
            target,
            rank,
            force,
        };
        command.SetAction(
            async (parsed, ct) =>
            {
                var app = parsed.App();
                var (from, to) = (parsed.GetValue(source)!, parsed.GetValue(target)!);
                var overwrite = parsed.GetValue(force);
                var began = app.Clock.GetTimestamp();
                var (run, report) = (Split(from), Split(to)) switch
                {
                    ({ } there, null) => await OutAsync(
                        app,
                        At(app, there, parsed.GetValue(rank), writes: false),
                        to,
                        overwrite,
                        ct
                    ),
                    (null, { } there) => await InAsync(
                        app,
                        from,
                        At(app, there, parsed.GetValue(rank), writes: true),
                        there.Path.EndsWith('/'),
                        overwrite,
                        ct
                    ),
                    (null, null) => throw UserException.Misuse(
                        "neither of the two is in a run",
                        "Write RUN:PATH for the one that is: muster cp train:out/model.pt ."
                    ),
                    _ => throw UserException.Misuse(
                        "muster cp copies between a run and this machine, not from run to run",
                        "Copy to this machine first."
                    ),
                };
                foreach (var warning in report.Warnings)
                    app.Screen.Note("note", warning, Tint.Yellow);
                foreach (var changed in report.Changed)
                    app.Screen.Note("note", $"{changed} is being written to, so it was not copied", Tint.Yellow);
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(
                            new CopyView(
                                1,
                                run.Id.ToString(),
                                from,
                                to,
                                report.FilesFetched,
                                report.BytesFetched,
                                report.FilesHere,
                                report.Changed
                            ),
                            RunAnswers.Plain.CopyView
                        )
                    );
                else
                    app.Screen.Note(
                        "copied",
                        $"{Words.Count(report.FilesFetched, "file")}, {Words.Size(report.BytesFetched)} in "
                            + Words.Duration(app.Clock.GetElapsedTime(began))
                            + (report.FilesHere > 0 ? $"; {Words.Count(report.FilesHere, "file")} already there" : ""),
                        Tint.Green
                    );
                return report.Changed.Count == 0 ? ExitCodes.Done : ExitCodes.Fault;
            }
        );
        return command;
    }

    /// <summary>A path in a run, as it was typed.</summary>
    internal sealed record Typed(string Run, string Path);

    /// <summary>A run and a path; null for a path of this machine, which may have a colon behind a slash.</summary>
    internal static Typed? Split(string word)
    {
        var colon = word.IndexOf(':');
        if (colon <= 0 || word.AsSpan(0, colon).ContainsAny('/', '\\'))
            return null;
        return colon == 1 && OperatingSystem.IsWindows() ? null : new(word[..colon], word[(colon + 1)..]);
    }

    private sealed record Place(Run Run, IHost Host, string Folder, string Root, RawPath Path);

    private static Place At(App app, Typed typed, string? rank, bool writes)
    {
        var run = RunSelector.Get(app.Store, typed.Run);
        var path = PathOf(typed, writes);
        if (rank is not null)
            RunParts.CheckOneRank(run.Plan, rank);
        rank ??= RankOf(run.Plan, path);
        var host = rank is null ? run.Plan.Host : run.Plan.HostOf(rank);
        var site = app.OpenSite(run.Plan.Site);
        var folder = run.Plan.FolderOn(host);
        return new(run, site.HostOf(host), folder, $"{site.Root}/runs/{folder}", path);
    }

    internal static RawPath PathOf(Typed typed, bool writes)
    {
        var text = typed.Path.StartsWith("./", StringComparison.Ordinal) ? typed.Path[2..] : typed.Path;
        if (!RawPath.TryParse(System.Text.Encoding.UTF8.GetBytes(text.TrimEnd('/')), out var path))
            throw UserException.Misuse(
                $"'{SafeText.OneLine(typed.Path)}' is not a plain path within the run's folder",
                $"Write it without '..' and without a leading '/': {typed.Run}:out/model.pt"
            );
        var area = path.Text.Split('/')[0];
        var areas = writes ? Areas[..^1] : Areas;
        if (!areas.Contains(area))
            throw UserException.Misuse(
                $"'{SafeText.OneLine(typed.Path)}' cannot be {(writes ? "written" : "read")}: a path in a run begins "
                    + $"with {string.Join(", ", areas[..^1])} or {areas[^1]}",
                $"Results are in out: {typed.Run}:out/{(Areas.Contains(area) ? "" : path.ToString())}"
            );
        return path;
    }

    /// <summary>The index whose own folder a path is in, as its host may be another.</summary>
    private static string? RankOf(RunPlan plan, RawPath path) =>
        plan.Array is not null
        && path.Text.Split('/') is ["out" or "work", var part, ..]
        && int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
        && plan.Array.Indices.Contains(index)
            ? $"main.{index}"
            : null;

    private static async Task<(Run, FetchReport)> OutAsync(
        App app,
        Place from,
        string to,
        bool overwrite,
        CancellationToken ct
    )
    {
        var full = Path.GetFullPath(to);
        if (Directory.Exists(full) || Path.EndsInDirectorySeparator(to))
            full = Path.Combine(full, Path.GetFileName(from.Path.Text));
        var above = Path.GetDirectoryName(full)!;
        if (!Directory.Exists(above) && !Path.EndsInDirectorySeparator(to))
            throw new UserException($"there is no folder {above}", "Make it first, or end TARGET with a slash.");
        var made = Directory.Exists(above) ? null : Directory.CreateDirectory(above);
        try
        {
            return (
                from.Run,
                await new ResultFetch(from.Host, from.Run.Plan.Name, from.Root, above).CopyAsync(
                    from.Path,
                    Path.GetFileName(full),
                    overwrite,
                    new TransferLine(app.Screen, "copying", app.Clock),
                    ct
                )
            );
        }
        finally
        {
            if (made is not null && !made.EnumerateFileSystemInfos().Any())
                made.Delete();
        }
    }

    private static async Task<(Run, FetchReport)> InAsync(
        App app,
        string from,
        Place to,
        bool isFolder,
        bool overwrite,
        CancellationToken ct
    )
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(from));
        if (!File.Exists(full) && !Directory.Exists(full))
            throw new UserException($"there is no file {from}", "Check the name. A path in a run: RUN:PATH");
        var asked = await to.Host.RunAsync(ShellText.Script("Transfers/is-folder.sh", to.Root, to.Path.Text), ct);
        if (asked.ExitCode == 44)
            throw new UserException(
                $"{to.Run.Plan.Name} has no folder on {RunText.Place(to.Run)} (any more)",
                $"See how it stands: muster why {to.Run.Plan.Name}"
            );
        var path =
            isFolder || asked.ExitCode == 0 || !to.Path.Text.Contains('/')
                ? new RawPath(Path.GetFileName(full)).Below(to.Path)
                : to.Path;
        return (
            to.Run,
            await new FolderUpload(to.Host, to.Root).CopyAsync(
                full,
                path,
                overwrite,
                new TransferLine(app.Screen, "copying", app.Clock),
                ct
            )
        );
    }
}

/// <summary>What `cp --json` answers.</summary>
public sealed record CopyView(
    int Schema,
    string Id,
    string From,
    string To,
    int Files,
    long Bytes,
    int FilesThere,
    IReadOnlyList<string> Changed
);
