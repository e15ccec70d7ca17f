using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Serialization;

namespace Muster.Deploy;

/// <summary>
/// The part of Helm's template language that our chart is written in: values, <c>if</c>, <c>range</c>, <c>until</c>,
/// <c>quote</c> and <c>toJson</c>. Whatever else stands in a template is a fault, so that the two cannot drift apart.
/// </summary>
internal sealed partial class HelmTemplate
{
    private static readonly ISerializer Json = new SerializerBuilder().JsonCompatible().Build();
    private readonly string[] _parts;
    private readonly Dictionary<string, object?> _known;
    private int _next;

    private HelmTemplate(string text, Dictionary<string, object?> known)
    {
        // Text and what stands between braces, by turns; `{{-` takes the white space before it away.
        _parts = Braces().Split(text);
        for (var index = 0; index + 1 < _parts.Length; index += 2)
            if (_parts[index + 1].StartsWith('-'))
                (_parts[index], _parts[index + 1]) = (_parts[index].TrimEnd(), _parts[index + 1][1..]);
        _known = known;
    }

    public static string Render(string text, string release, object? values)
    {
        var template = new HelmTemplate(
            text,
            new()
            {
                [".Release.Name"] = release,
                [".Release.Namespace"] = "default",
                [".Values"] = values,
            }
        );
        var all = template.Block();
        Assert.Equal(template._parts.Length, template._next);
        return all;
    }

    /// <summary>As far as the end of a block, or of the template.</summary>
    private string Block()
    {
        var text = new StringBuilder();
        while (_next < _parts.Length)
        {
            text.Append(_parts[_next++]);
            if (_next == _parts.Length)
                break;
            var action = _parts[_next++].Trim();
            if (action == "end")
                break;
            if (action.StartsWith("if ", StringComparison.Ordinal))
            {
                var inside = Block();
                if (Holds(Value(action[3..])))
                    text.Append(inside);
            }
            else if (Loop().Match(action) is { Success: true } loop)
            {
                var (name, start) = (loop.Groups[1].Value, _next);
                // Once without a value, for the end of the block.
                _known[name] = "";
                Block();
                var after = _next;
                foreach (var item in (IEnumerable<object?>)Value(loop.Groups[2].Value)!)
                {
                    (_known[name], _next) = (item, start);
                    text.Append(Block());
                }
                _next = after;
            }
            else
            {
                text.Append(Value(action));
            }
        }
        return text.ToString();
    }

    private object? Value(string pipeline)
    {
        var steps = pipeline.Split('|', StringSplitOptions.TrimEntries);
        var value = Count().Match(steps[0]) is { Success: true } count
            ? Enumerable.Range(0, int.Parse($"{Find(count.Groups[1].Value)}")).Cast<object?>().ToList()
            : Find(steps[0]);
        foreach (var step in steps[1..])
            value = step switch
            {
                "quote" => $"\"{value}\"",
                "toJson" => Json.Serialize(value).Trim(),
                _ => throw new NotSupportedException($"{step} in a template"),
            };
        return value;
    }

    private object? Find(string path)
    {
        if (path.StartsWith("$.", StringComparison.Ordinal))
            path = path[1..];
        if (_known.TryGetValue(path, out var known))
            return known;
        if (!path.StartsWith(".Values.", StringComparison.Ordinal))
            throw new NotSupportedException($"{path} in a template");
        return path[".Values.".Length..]
            .Split('.')
            .Aggregate(_known[".Values"], (at, name) => ((IDictionary<object, object?>)at!)[name]);
    }

    private static bool Holds(object? value) =>
        value is not (null or "" or "false" or "0" or ICollection<object> { Count: 0 });

    [GeneratedRegex("\\{\\{(.*?)\\}\\}", RegexOptions.Singleline)]
    private static partial Regex Braces();

    [GeneratedRegex("^range (\\$[a-z]+) := (.+)$")]
    private static partial Regex Loop();

    [GeneratedRegex("^until \\(int (\\S+)\\)$")]
    private static partial Regex Count();
}
