using System.Globalization;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Runs.Tidy;

/// <summary>
/// What a host holds of runs that ended long ago: their folders, and the content that no run needs any longer.
/// </summary>
public sealed class SiteTidy(IHost host, string root)
{
    /// <param name="ended">Folders of runs of which we know that they ended so long ago. Some may have left no record
    /// of it there.</param>
    public async Task<IReadOnlyList<OldRun>> LookAsync(TimeSpan age, IEnumerable<string> ended, CancellationToken ct) =>
        [
            .. (await TellAsync("look", age, ended, ct)).SelectMany(line =>
                line is ["run", var folder, var bytes, var results] && RunId.TryParse(folder.Split('.')[0], out var id)
                    ? [new OldRun(id, folder, Number(bytes), (int)Number(results))]
                    : (OldRun[])[]
            ),
        ];

    /// <summary>
    /// Takes runs away, and with them the content that only they held. Content that anybody used meanwhile stays.
    /// </summary>
    public async Task<TidyReport> RemoveAsync(TimeSpan age, IEnumerable<string> folders, CancellationToken ct)
    {
        var lines = await TellAsync("remove", age, folders, ct);
        var swept = lines.FirstOrDefault(line => line[0] == "swept") ?? ["swept", "0", "0"];
        return new(Folders("gone"), Folders("stays"), (int)Number(swept[1]), Number(swept[2]));

        IReadOnlyList<string> Folders(string word) => [.. lines.Where(line => line[0] == word).Select(line => line[1])];
    }

    /// <summary>Container images that no run names and none has used for so long.</summary>
    public async Task<IReadOnlyList<OldImage>> ImagesAsync(TimeSpan age, bool remove, CancellationToken ct) =>
        [
            .. (await TellAsync("images", age, [], ct, remove ? "remove" : "look"))
                .Where(line => line[0] == "image")
                .Select(line => new OldImage(string.Join(' ', line[2..]), Number(line[1]))),
        ];

    private async Task<List<string[]>> TellAsync(
        string verb,
        TimeSpan age,
        IEnumerable<string> folders,
        CancellationToken ct,
        params string[] more
    )
    {
        var script = ShellText.Script(
            "Runs/Tidy/tidy.sh",
            [root, verb, ((long)age.TotalMinutes).ToString(CultureInfo.InvariantCulture), .. more]
        );
        var answer = await host.RunAsync(script, string.Concat(folders.Select(folder => folder + "\n")), ct);
        var lines = answer
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' '))
            .ToList();
        return answer.ExitCode == 0 && lines is [.., ["done"] or ["nothing"]]
            ? lines
            : throw new UserException(
                $"{host.Name}: {root} could not be tidied: {answer.Said}",
                "What was not removed is still there. To check the site: `muster sites check`"
            );
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>A run that ended long ago.</summary>
/// <param name="Folder">Its folder on that host; a run on several has one on each.</param>
/// <param name="Bytes">What goes with it; content that it shares is not counted.</param>
/// <param name="Results">How many files lie in its <c>out/</c>.</param>
public sealed record OldRun(RunId Id, string Folder, long Bytes, int Results);

/// <summary>A container image in a site's <c>images/</c>.</summary>
public sealed record OldImage(string Name, long Bytes);

/// <param name="Stays">Runs whose folder could not be moved.</param>
public sealed record TidyReport(
    IReadOnlyList<string> Gone,
    IReadOnlyList<string> Stays,
    int FilesSwept,
    long BytesSwept
);
