using System.Text;
using Muster.Runs;
using Muster.Snapshots;

namespace Muster.Cli.Runs;

/// <summary>How the code of each run differs from that of the first, by the snapshots in git.</summary>
internal static class CodeChanges
{
    public static async Task<IReadOnlyList<CodeChangeView>> OfAsync(IReadOnlyList<Run> runs, CancellationToken ct)
    {
        if (
            runs[0] is not { Adopted: false, Plan: { Commit: { } from, WorkingFolder: var folder } first }
            || !Directory.Exists(folder)
            || !Git.IsInstalled
        )
            return [];
        var others = runs.Skip(1).Where(run => !run.Adopted && run.Plan.Commit is not null).ToList();
        var commits = others.Select(run => run.Plan.Commit!).Distinct().ToList();
        var answers = await Task.WhenAll(commits.Select(to => ToAsync(new Git(folder), from, to, ct)));
        var byCommit = commits.Zip(answers).ToDictionary(pair => pair.First, pair => pair.Second);
        return
        [
            .. others
                .Select(run => byCommit[run.Plan.Commit!] is { } change ? change with { To = run.Plan.Name } : null)
                .OfType<CodeChangeView>()
                .Select(change => change with { From = first.Name }),
        ];
    }

    /// <summary>Null where a snapshot is no longer here, or is one of another repository.</summary>
    private static async Task<CodeChangeView?> ToAsync(Git git, string from, string to, CancellationToken ct)
    {
        if (from == to)
            return new("", "", [], 0, 0);
        var answer = await git.AskAsync(
            default,
            ct,
            "diff",
            "--numstat",
            "-z",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            from,
            to,
            "--"
        );
        if (answer.ExitCode != 0)
            return null;
        var rows = Encoding
            .UTF8.GetString(answer.Output)
            .Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(row => row.Split('\t', 3))
            .Where(row => row.Length == 3)
            .ToList();
        return new(
            "",
            "",
            [.. rows.Select(row => row[2])],
            rows.Sum(row => int.TryParse(row[0], out var added) ? added : 0),
            rows.Sum(row => int.TryParse(row[1], out var removed) ? removed : 0)
        );
    }
}
