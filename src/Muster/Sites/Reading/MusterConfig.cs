using Muster.Configuration;
using Muster.Faults;
using Muster.Sites.Notices;
using Muster.Sites.Scaling;

namespace Muster.Sites.Reading;

/// <summary>The configuration in force, joined from all its files.</summary>
public sealed record MusterConfig
{
    public required string DefaultSite { get; init; }

    /// <summary>In the order of the files, the nearest first.</summary>
    public required IReadOnlyList<Site> Sites { get; init; }
    public OnInterrupt OnInterrupt { get; init; } = OnInterrupt.Ask;

    /// <summary>A snapshot larger than this is asked about first.</summary>
    public long SnapshotWarnBytes { get; init; } = 1L << 30;

    /// <summary>A snapshot of more files than this is asked about first.</summary>
    public int SnapshotWarnFiles { get; init; } = 10_000;

    /// <summary>Which sites give machines to a gateway; null where none does.</summary>
    public ScaleSettings? Scaling { get; init; }

    /// <summary>Who is told of what happens to runs.</summary>
    public NoticeSettings Notify { get; init; } = new();

    /// <summary>Submissions that are written down; of one name, the nearest.</summary>
    public IReadOnlyList<JobDraft> Jobs { get; init; } = [];

    /// <summary>Every value that is written somewhere, and where.</summary>
    public required IReadOnlyList<Setting> Settings { get; init; }

    /// <summary>The files that were read, the nearest first.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>
    /// Every value in force, also those that stand nowhere. What looks like a password among the variables is not
    /// shown.
    /// </summary>
    public IReadOnlyList<Setting> InForce()
    {
        Setting[] builtIn =
        [
            new(ConfigSchema.DefaultSite.Name, DefaultSite, Origin.BuiltIn),
            new(ConfigSchema.OnInterrupt.Name, OnInterrupt.ToString().ToLowerInvariant(), Origin.BuiltIn),
            new(ConfigSchema.SnapshotWarnSize.Name, $"{SnapshotWarnBytes}", Origin.BuiltIn),
            new(ConfigSchema.SnapshotWarnFiles.Name, $"{SnapshotWarnFiles}", Origin.BuiltIn),
        ];
        var top = Settings
            .Where(setting => !setting.Key.StartsWith("sites.", StringComparison.Ordinal))
            .Concat(builtIn)
            .DistinctBy(setting => setting.Key)
            .Select(Shown);
        return
        [
            .. top,
            .. Settings.Where(setting => setting.Key.StartsWith("sites.", StringComparison.Ordinal)).Select(Shown),
        ];
    }

    private static Setting Shown(Setting setting)
    {
        string[] telling = ["TOKEN", "SECRET", "PASS", "KEY", "CREDENTIAL"];
        var name = setting.Key[(setting.Key.LastIndexOf('.') + 1)..].ToUpperInvariant();
        return
            (
                (setting.Key.Contains(".env.", StringComparison.Ordinal) && telling.Any(name.Contains))
                // A job's variables may be a list, NAME=VALUE.
                || (
                    setting.Key.EndsWith(".env", StringComparison.Ordinal)
                    && telling.Any(setting.Value.ToUpperInvariant().Contains)
                )
                || CloudKeys.IsSecretPath(setting.Key)
                || NoticeReader.IsSecretPath(setting.Key)
            ) && !setting.Value.StartsWith("${", StringComparison.Ordinal)
            ? setting with
            {
                Value = "(hidden)",
            }
            : setting;
    }

    public Site? Find(string name) => Sites.FirstOrDefault(site => site.Name == name);

    public Site Get(string name) =>
        Find(name)
        ?? throw new UserException(
            $"there is no site '{name}'{Nearest.DidYouMean(name, Sites.Select(site => site.Name))}",
            $"Known sites: {string.Join(", ", Sites.Select(site => site.Name))}. Add one with `muster sites add`."
        );
}

/// <summary>What Ctrl-C does to a run that is being followed.</summary>
public enum OnInterrupt
{
    Ask,
    Detach,
    Cancel,
}
