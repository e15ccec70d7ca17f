using System.Globalization;

namespace Muster.Runs.Measures;

/// <summary>What a run was given, by name: from its sweep, the options of its command, and its plan.</summary>
public static class Parameters
{
    public static IReadOnlyDictionary<string, string> Of(RunPlan plan, SweepPoint? point)
    {
        var all = new Dictionary<string, string>(point?.Values ?? new Dictionary<string, string>());
        foreach (var (name, value) in InCommand(plan))
        {
            // What a sweep fills in stands there already.
            if (!value.StartsWith('{') || !value.EndsWith('}'))
                all.TryAdd(name, value);
        }
        void Add(string name, object? value)
        {
            if (Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text)
                all.TryAdd(name, text);
        }
        Add("site", plan.Site);
        Add("gpus", plan.Gpus);
        var (cpus, memory) = Resources.AskedBy(plan);
        Add("cpus", cpus);
        Add("memory-mb", memory);
        Add("container", (plan.Images is [var image, ..] ? image.Digest : null) ?? plan.Container);
        foreach (var (name, value) in plan.Environment)
            Add(name, value);
        Add("environment", string.Join(' ', plan.EnvironmentNames.Order(StringComparer.Ordinal)));
        Add("setup", string.Join("; ", plan.Setup));
        return all;
    }

    /// <summary>The names whose values are not the same in all of them, in the order in which they come.</summary>
    public static IReadOnlyList<string> Differing(IReadOnlyList<IReadOnlyDictionary<string, string>> all) =>
        [
            .. all.SelectMany(one => one.Keys)
                .Distinct()
                .Where(name => all.Select(one => one.GetValueOrDefault(name)).Distinct().Count() > 1),
        ];

    private static IEnumerable<(string Name, string Value)> InCommand(RunPlan plan)
    {
        var words = plan.RawLine ? string.Join(' ', plan.Command).Split(' ') : plan.Command;
        var rest = new List<string>();
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            var at = word.IndexOf('=');
            if (at > 0 && word[..at].TrimStart('-', '+').Length > 0 && i > 0)
                yield return (word[..at].TrimStart('-', '+'), word[(at + 1)..]);
            else if (IsOption(word))
            {
                var hasValue = i + 1 < words.Count && !IsOption(words[i + 1]);
                yield return (word.TrimStart('-') is { Length: > 0 } name ? name : word, hasValue ? words[++i] : "yes");
            }
            else
                rest.Add(word);
        }
        yield return ("command", string.Join(' ', rest));
    }

    /// <summary>A number below 0 is none.</summary>
    private static bool IsOption(string word) =>
        word.Length > 1 && word[0] == '-' && !char.IsAsciiDigit(word[1]) && word[1] != '.';
}
