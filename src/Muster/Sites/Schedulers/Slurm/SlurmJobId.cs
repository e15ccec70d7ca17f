using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>The number <c>sbatch</c> gave a job, and the cluster when it named one.</summary>
public sealed partial record SlurmJobId(long Id, string? Cluster = null)
{
    /// <summary>
    /// Finds the id in what <c>sbatch</c> printed: <c>123</c>, <c>123;cluster</c>, or the classic sentence, amid a
    /// site's banners.
    /// Null when there is none or when several are possible.
    /// </summary>
    public static SlurmJobId? Find(string output)
    {
        var sentences = Sentence().Matches(output);
        var found = (sentences.Count > 0 ? sentences : Parsable().Matches(output)).Select(Read).Distinct().ToList();
        return found is [var only] ? only : null;
    }

    /// <summary>The handle of a run without its cluster, as most commands take it; those of others stay.</summary>
    public static string WithoutCluster(string handle) => handle.Split(';')[0];

    public override string ToString() => Cluster is null ? $"{Id}" : $"{Id};{Cluster}";

    private static SlurmJobId Read(Match match) =>
        new(
            long.Parse(match.Groups["id"].ValueSpan, CultureInfo.InvariantCulture),
            match.Groups["cluster"] is { Success: true } cluster ? cluster.Value : null
        );

    [GeneratedRegex(@"Submitted batch job (?<id>[0-9]{1,18})(?: on cluster (?<cluster>[A-Za-z0-9_.-]+))?")]
    private static partial Regex Sentence();

    [GeneratedRegex(@"^[ \t]*(?<id>[0-9]{1,18})(?:;(?<cluster>[A-Za-z0-9_.-]+))?[ \t\r]*$", RegexOptions.Multiline)]
    private static partial Regex Parsable();
}
