namespace Muster.Runs;

/// <summary>
/// Ids as people read and type them: the last digits of each, which are random while the first tell the time, as many
/// as no other run's id and no name has.
/// </summary>
public sealed class ShortIds
{
    internal const int Least = 4;

    // Behind the last dash; what is still alike there is told by the whole id.
    private const int Most = 12;

    private readonly HashSet<string> _names;
    private readonly Dictionary<string, List<string>> _alike;

    internal ShortIds(IEnumerable<string> ids, HashSet<string> names)
    {
        _names = names;
        _alike = ids.GroupBy(id => id[^Least..]).ToDictionary(group => group.Key, group => group.ToList());
    }

    public string Of(RunId id)
    {
        var whole = id.ToString();
        var others = _alike.GetValueOrDefault(whole[^Least..], []).Where(other => other != whole).ToList();
        for (var length = Least; length <= Most; length++)
        {
            var ending = whole[^length..];
            if (!_names.Contains(ending) && !others.Any(other => other.EndsWith(ending, StringComparison.Ordinal)))
                return ending;
        }
        return whole;
    }
}
