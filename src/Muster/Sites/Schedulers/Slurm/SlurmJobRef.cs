using System.Globalization;
using System.Text.RegularExpressions;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>
/// A job as SLURM's lists name it: <c>12</c>, an array's task <c>12_3</c>, its waiting rest <c>12_[4-9%2]</c>, a part
/// <c>12+1</c>.
/// </summary>
/// <param name="Id">The number that <c>sbatch</c> gave: of a task it is the array's, of a part the first
/// part's.</param>
/// <param name="Task">The task of an array.</param>
/// <param name="WaitingTasks">The tasks of an array that have not started, as SLURM writes them; it may shorten a long
/// list.</param>
/// <param name="Part">The place in a heterogeneous job.</param>
public sealed partial record SlurmJobRef(long Id, int? Task = null, string? WaitingTasks = null, int? Part = null)
{
    public static SlurmJobRef? Find(string text)
    {
        var match = Form().Match(text);
        if (!match.Success)
            return null;
        return new(
            long.Parse(match.Groups["id"].ValueSpan, CultureInfo.InvariantCulture),
            Number(match.Groups["task"]),
            match.Groups["tasks"] is { Success: true } tasks ? tasks.Value : null,
            Number(match.Groups["part"])
        );
    }

    private static int? Number(Group group) =>
        group.Success ? int.Parse(group.ValueSpan, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"\A(?<id>[0-9]{1,18})(?:_(?<task>[0-9]{1,9})|_\[(?<tasks>[^\]\s]+)\]|\+(?<part>[0-9]{1,9}))?\z")]
    private static partial Regex Form();
}
