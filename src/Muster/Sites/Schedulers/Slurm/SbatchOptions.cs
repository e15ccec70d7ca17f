using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Muster.Faults;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>
/// Options of <c>sbatch</c> in the order they were given, each once and under its long name, safe to stand in a job
/// script.
/// </summary>
public sealed partial class SbatchOptions
{
    public static readonly SbatchOptions None = new([], []);

    private readonly ImmutableArray<Entry> _entries;

    private SbatchOptions(ImmutableArray<Entry> entries, ImmutableArray<string> warnings)
    {
        _entries = entries;
        Warnings = warnings;
    }

    /// <summary>What was left out, and why.</summary>
    public ImmutableArray<string> Warnings { get; }

    /// <summary>Long names and values; a switch has no value.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Entries =>
        Set.Select(entry => KeyValuePair.Create(entry.Key, entry.Value));

    /// <summary>The limit that <c>time</c> sets; null leaves it to the partition.</summary>
    public TimeLimit? TimeLimit =>
        Find("time") is { } text && Slurm.TimeLimit.TryParse(text, out var limit) ? limit : null;

    public bool Has(string name) => Set.Any(entry => entry.Key == name);

    public string? Find(string name) => Set.FirstOrDefault(entry => entry.Key == name)?.Value;

    private IEnumerable<Entry> Set => _entries.Where(entry => !entry.Off);

    /// <summary>These options, with those of <paramref name="later"/> added or in their place.</summary>
    public SbatchOptions With(SbatchOptions later) =>
        new(later._entries.Aggregate(_entries, Put), [.. Warnings.Union(later.Warnings)]);

    /// <summary>
    /// Adds an option under any of its spellings (<c>-c</c>, <c>cpus-per-task</c>, <c>--cpus_per_task</c>). No value,
    /// an empty one and
    /// <c>true</c> make a switch, <c>false</c> takes a switch away.
    /// </summary>
    public SbatchOptions With(string key, string? value)
    {
        var name = NameOf(key);
        var option = SbatchOption.Find(name);
        switch (option?.Fate)
        {
            case SbatchFate.Refused:
                throw new UserException(
                    $"the sbatch option '{name}' cannot be used here: {option.Reason}",
                    $"Leave out '{key}'."
                );
            case SbatchFate.SetAside:
                return new(_entries, [.. Warnings.Union([$"the sbatch option '{name}' is left out: {option.Reason}"])]);
        }

        var text = value?.Trim() ?? "";
        if (option is null or { NeedsValue: false })
        {
            if (text is "false")
                return new(Put(_entries, new(name, null, Off: true)), Warnings);
            if (text is "true")
                text = "";
        }
        if (text.Length == 0)
        {
            if (option is { NeedsValue: true })
                throw Unfit(name, text, $"Give it a value{ExampleOf(option)}.");
            return new(Put(_entries, new(name, null)), Warnings);
        }
        if (option is { TakesValue: false })
            throw Unfit(name, text, $"'{name}' is a switch: write true or leave it out.");
        var fits = option?.Accepts?.Invoke(text) ?? Safe().IsMatch(text);
        if (!fits)
            throw Unfit(
                name,
                text,
                option?.Accepts is null
                    ? "Write it without spaces, quotes and shell characters."
                    : $"Write it{ExampleOf(option)}."
            );
        return new(Put(_entries, new(name, text)), Warnings);
    }

    /// <summary>The lines of the job script, such as <c>#SBATCH --time=10:00:00</c>.</summary>
    public IReadOnlyList<string> ToLines() =>
        [
            .. Set.Select(entry =>
                entry.Value is null ? $"#SBATCH --{entry.Key}" : $"#SBATCH --{entry.Key}={entry.Value}"
            ),
        ];

    private static ImmutableArray<Entry> Put(ImmutableArray<Entry> entries, Entry entry)
    {
        var alternative = entry.Off ? null : SbatchOption.Find(entry.Key)?.Alternative;
        var kept = alternative is null
            ? entries
            : entries.RemoveAll(other =>
                other.Key != entry.Key && SbatchOption.Find(other.Key)?.Alternative == alternative
            );
        return kept.FirstOrDefault(other => other.Key == entry.Key) is { } earlier
            ? kept.Replace(earlier, entry)
            : kept.Add(entry);
    }

    private static string NameOf(string key)
    {
        var bare = key.Trim().TrimStart('-').Replace('_', '-');
        if (bare.Length == 1)
        {
            return SbatchOption.Find(bare[0])?.Name
                ?? throw new UserException(
                    $"'-{bare}' is not a short option of sbatch that Muster knows",
                    "Write its long name."
                );
        }
        return Name().IsMatch(bare)
            ? bare
            : throw new UserException(
                $"'{Shown(key)}' is not the name of an sbatch option",
                "Give the name alone, such as gres, and the value next to it."
            );
    }

    private static string ExampleOf(SbatchOption option) =>
        option.Example.Length == 0 ? "" : $" such as {option.Example}";

    private static UserException Unfit(string name, string value, string fix) =>
        new($"the sbatch option '{name}' does not take '{Shown(value)}'", fix);

    private static string Shown(string text) => new([.. text.Take(80).Select(c => char.IsControl(c) ? '?' : c)]);

    /// <param name="Off">A switch taken away, remembered so that it also takes away that of an earlier source.</param>
    private sealed record Entry(string Key, string? Value, bool Off = false);

    [GeneratedRegex(@"\A[a-z][a-z0-9-]*\z")]
    private static partial Regex Name();

    // A line of the script is read by sbatch and by the shell: what either could take for syntax stays out.
    [GeneratedRegex(@"\A[A-Za-z0-9_.,:=+@%/*\[\]-]+\z")]
    private static partial Regex Safe();
}
