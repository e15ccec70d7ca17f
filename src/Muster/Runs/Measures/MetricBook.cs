namespace Muster.Runs.Measures;

/// <summary>Collects the values of one file, within bounds: others may have written it.</summary>
internal sealed class MetricBook
{
    private const int MostNames = 200;
    private const int MostValues = 2_000_000;
    private readonly Dictionary<string, List<MetricPoint>> _values = [];
    private int _count;

    /// <param name="step">Null where the file has none: then it is the next.</param>
    public void Put(string name, long? step, double value)
    {
        if (name.Length is 0 or > 100 || name.Any(char.IsControl) || ++_count > MostValues)
            return;
        if (!_values.TryGetValue(name, out var list))
        {
            if (_values.Count == MostNames)
                return;
            _values[name] = list = [];
        }
        list.Add(new(step ?? (list.Count == 0 ? 0 : list[^1].Step + 1), value));
    }

    public IReadOnlyList<MetricSeries> Series() =>
        [
            .. _values
                .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => MetricSeries.Of(pair.Key, pair.Value)),
        ];
}
