using System.Globalization;
using System.Text.RegularExpressions;
using Muster.Faults;

namespace Muster.Runs.Submit;

/// <summary>
/// Reads the parameters of a sweep and makes its points: every combination of the values that are listed, and of those
/// that are drawn as many as asked for.
/// </summary>
internal static partial class SweepReader
{
    private const int Most = 10_000;
    private const string Forms =
        "lr=0.1,0.01   seed=0..9   size=8..64:8   lr=log:1e-5..1e-1:5   drop=lin:0..0.5 (drawn; needs --max)";

    /// <param name="grids"><c>NAME=VALUES</c>.</param>
    /// <param name="file">More of them, and points that are combined with all of them.</param>
    /// <param name="most">At most so many points; of more, so many are drawn.</param>
    /// <param name="first">The index of the first.</param>
    public static IReadOnlyList<SweepPoint> Read(
        IReadOnlyList<string> grids,
        SweepFile file,
        int? most,
        int seed,
        int first
    )
    {
        var rows = file.Rows;
        List<Parameter> parameters =
        [
            .. file.Lists.Select(list => new Parameter(list.Key, list.Value, null)),
            .. file.Grids.Concat(grids).Select(Parse),
        ];
        CheckNames([.. parameters.Select(parameter => parameter.Name), .. rows.SelectMany(row => row.Keys).Distinct()]);
        var listed = parameters.Where(parameter => parameter.Draw is null).ToList();
        var drawn = parameters.Where(parameter => parameter.Draw is not null).ToList();
        if (parameters.Count == 0 && rows.Count == 0)
            throw UserException.Misuse("a sweep needs parameters", $"Give them with --grid: {Forms}");
        if (drawn.Count > 0 && most is null)
            throw UserException.Misuse(
                $"{drawn[0].Name} is drawn from a range, so the number of points is open",
                "Pass --max N, or give the range a count: lin:0..1:5."
            );
        if (most is < 1)
            throw UserException.Misuse($"--max {most} leaves no point", "Pass at least 1.");
        var size = listed.Aggregate(
            (long)Math.Max(1, rows.Count),
            (product, one) => Math.Min(product * one.Values.Count, 1L << 40)
        );
        if (most is null && size > Most)
            throw UserException.Misuse(
                $"the sweep would have {size:N0} points; at most {Most:N0} are possible",
                "Use fewer values, or --max N to draw some of them."
            );
        var random = new Random(seed);
        IEnumerable<long> cells =
            drawn.Count > 0 ? Enumerable.Range(0, most!.Value).Select(i => i % size)
            : most is { } few && few < size ? Draw(random, size, few)
            : Sequence(size);
        var points = new List<SweepPoint>();
        foreach (var cell in cells.Take(Most + 1))
        {
            var values = new Dictionary<string, string>();
            var rest = cell;
            // The last parameter changes fastest, as in nested loops.
            foreach (var parameter in Enumerable.Reverse(listed))
            {
                values[parameter.Name] = parameter.Values[(int)(rest % parameter.Values.Count)];
                rest /= parameter.Values.Count;
            }
            var row = rows.Count > 0 ? rows[(int)rest] : new Dictionary<string, string>();
            var ordered = row.ToDictionary(pair => pair.Key, pair => pair.Value);
            foreach (var parameter in parameters)
                ordered[parameter.Name] = parameter.Draw?.Invoke(random) ?? values[parameter.Name];
            points.Add(new(first + points.Count, ordered));
        }
        return points.Count <= Most
            ? points
            : throw UserException.Misuse(
                $"--max {most} is too much: at most {Most:N0} points",
                "Use a smaller number."
            );
    }

    private static IEnumerable<long> Sequence(long size)
    {
        for (var cell = 0L; cell < size; cell++)
            yield return cell;
    }

    private static SortedSet<long> Draw(Random random, long size, int few)
    {
        var drawn = new SortedSet<long>();
        while (drawn.Count < Math.Min(few, Most + 1))
            drawn.Add(random.NextInt64(size));
        return drawn;
    }

    private static Parameter Parse(string text)
    {
        var at = text.IndexOf('=');
        if (at < 1 || !Names().IsMatch(text[..at]))
            throw Wrong(text, "a parameter is NAME=VALUES");
        var (name, values) = (text[..at], text[(at + 1)..]);
        if (Ranges().Match(values) is not { Success: true } range)
        {
            var list = values.Split(',');
            return list.Any(value => value.Length == 0) ? throw Wrong(text, "a value is empty")
                : list.Distinct().Count() < list.Length ? throw Wrong(text, "a value is there twice")
                : new(name, list, null);
        }
        var kind = range.Groups["kind"].Value;
        var (from, to) = (Number(range.Groups["from"].Value), Number(range.Groups["to"].Value));
        var step = range.Groups["step"] is { Success: true } given ? Number(given.Value) : (double?)null;
        if (!(from < to) || !double.IsFinite(to - from))
            throw Wrong(text, "the range is empty");
        if (kind.Length == 0)
            return new(name, Steps(text, range.Groups["from"].Value, range.Groups["to"].Value, step ?? 1), null);
        if (kind == "log" && from <= 0)
            throw Wrong(text, "a logarithmic range begins above 0");
        string At(double share) =>
            Shown(kind == "log" ? from * Math.Pow(to / from, share) : from + ((to - from) * share));
        if (step is not { } count)
            return new(name, [], random => At(random.NextDouble()));
        return count is >= 2 and <= Most && count == Math.Floor(count)
            ? new(name, [.. Enumerable.Range(0, (int)count).Select(i => At(i / (count - 1)))], null)
            : throw Wrong(text, "the count behind the range is a whole number of at least 2");
    }

    /// <summary>In decimal numbers, so that 0..1:0.1 has 0.3 and not 0.30000000000000004.</summary>
    private static List<string> Steps(string text, string from, string to, double step)
    {
        if (
            !decimal.TryParse(from, NumberStyles.Float, CultureInfo.InvariantCulture, out var at)
            || !decimal.TryParse(to, NumberStyles.Float, CultureInfo.InvariantCulture, out var end)
            || step is not (> 1e-9 and < 1e9)
        )
            throw Wrong(text, "the range cannot be counted through");
        var by = (decimal)step;
        if ((end - at) / by > Most)
            throw Wrong(text, $"the range has over {Most:N0} values");
        var values = new List<string>();
        for (; at <= end; at += by)
            values.Add((at / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture));
        return values;
    }

    private static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private static string Shown(double value) =>
        Number(value.ToString("E5", CultureInfo.InvariantCulture))
            .ToString(CultureInfo.InvariantCulture)
            .ToLowerInvariant();

    private static void CheckNames(IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            if (!Names().IsMatch(name))
                throw UserException.Misuse(
                    $"'{name}' is not a valid parameter name",
                    "Use letters, digits, '_', '-' and '.'."
                );
        }
        var alike = names.GroupBy(SweepPoint.VariableOf).FirstOrDefault(group => group.Count() > 1);
        if (alike is not null)
            throw UserException.Misuse(
                $"the parameters {string.Join(" and ", alike)} would both be ${alike.Key}",
                "Name each parameter once, and so that letters and digits tell them apart."
            );
    }

    private static UserException Wrong(string text, string why) =>
        UserException.Misuse($"'{text}' is not a valid parameter for --grid: {why}", $"Examples: {Forms}");

    private sealed record Parameter(string Name, IReadOnlyList<string> Values, Func<Random, string>? Draw);

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_.-]{0,99}\z")]
    private static partial Regex Names();

    private const string Float = @"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?";

    [GeneratedRegex($@"\A((?<kind>log|lin):)?(?<from>{Float})\.\.(?<to>{Float})(:(?<step>{Float}))?\z")]
    private static partial Regex Ranges();
}
