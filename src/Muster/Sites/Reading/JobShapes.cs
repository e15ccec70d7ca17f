using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Configuration;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>The shapes of a job's values. Options become the texts that would be typed for them.</summary>
internal static partial class JobShapes
{
    private static readonly Action<Utf8JsonWriter> AnyScalar = ConfigShape.Either("string", "number", "boolean");

    public static readonly ConfigShape<IReadOnlyList<string>> Text = One("a text", _ => true);
    public static readonly ConfigShape<IReadOnlyList<string>> Count = One(
        "a whole number",
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _),
        "integer"
    );
    public static readonly ConfigShape<IReadOnlyList<string>> Flag = One(
        "true or false",
        text => text is "true" or "false",
        "boolean"
    );
    public static readonly ConfigShape<IReadOnlyList<string>> Time = One(
        "a time such as 90m, 10h or 2d",
        text => Durations.TryParse(text, out _)
    );
    public static readonly ConfigShape<IReadOnlyList<string>> Memory = One(
        "a size such as 500M or 12G",
        text => Size().IsMatch(text)
    );
    public static readonly ConfigShape<IReadOnlyList<string>> Indices = One(
        "indices such as 0-9, 1,3,5 or 0-99%4",
        text => Array().IsMatch(text)
    );
    public static readonly ConfigShape<IReadOnlyList<string>> Interrupt = One(
        "one of: ask, detach, cancel",
        text => text is "ask" or "detach" or "cancel"
    );

    /// <summary>A text, or a list of them.</summary>
    public static readonly ConfigShape<IReadOnlyList<string>> Texts = new(ReadTexts, Describe);

    /// <summary>Names of variables alone: a secret does not stand in a file.</summary>
    public static readonly ConfigShape<IReadOnlyList<string>> Names = new(
        (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out IReadOnlyList<string> value) =>
        {
            if (!ReadTexts(node, file, out value))
                return false;
            if (!value.Any(text => text.Contains('=')))
                return true;
            file.Mistake(node, "a secret does not stand in a file: name its variable, and set that where you submit");
            return false;
        },
        Describe
    );

    /// <summary>The same, or a mapping whose pairs are typed as <c>NAME=VALUE</c>, or as the name alone.</summary>
    public static readonly ConfigShape<IReadOnlyList<string>> Pairs = Mapping((name, value) => $"{name}={value}");

    /// <summary>The same, or a mapping of names to paths. A path may begin with <c>~/</c>.</summary>
    public static readonly ConfigShape<IReadOnlyList<string>> Inputs = InputShape();

    public static readonly ConfigShape<JobCommand> Command = new(
        (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out JobCommand value) =>
        {
            value = node switch
            {
                YamlScalarNode { Value: { } text } when text.Trim().Length > 0 => JobCommand.Of(text.Trim()),
                YamlSequenceNode { Children.Count: > 0 } list
                    when list.Children.All(child => child is YamlScalarNode { Value: not null }) => new(
                    [.. list.Children.Select(child => ((YamlScalarNode)child).Value!)],
                    false
                ),
                _ => null,
            };
            if (value is null)
                file.Mistake(node, "expected a line for the shell, or a list of words");
            return value is not null;
        },
        Describe
    );

    private static ConfigShape<IReadOnlyList<string>> One(string what, Func<string, bool> fits, string type = "") =>
        ConfigShape.Parsed<IReadOnlyList<string>>(
            what,
            text => (fits(text), [text]),
            type.Length > 0 ? writer => writer.WriteString("type", type) : AnyScalar
        );

    private static bool ReadTexts(
        YamlNode node,
        ConfigFile file,
        [MaybeNullWhen(false)] out IReadOnlyList<string> value
    )
    {
        List<string> texts = [];
        var complete = true;
        foreach (var child in node is YamlSequenceNode list ? list.Children : [node])
        {
            if (ConfigShape.Scalar(child, file, "a text or a list of texts", out var text) && text.Length > 0)
                texts.Add(text);
            else
                complete = false;
        }
        value = texts;
        return complete;
    }

    private static ConfigShape<IReadOnlyList<string>> Mapping(Func<string, string, string> joined) =>
        new(
            (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out IReadOnlyList<string> value) =>
            {
                if (node is not YamlMappingNode)
                    return ReadTexts(node, file, out value);
                List<string> texts = [];
                var complete = ConfigShape.Pairs(node, file, out var pairs);
                foreach (var (name, child) in pairs)
                {
                    if (ConfigShape.IsNull(child))
                        texts.Add(name.Value!);
                    else if (ConfigShape.Scalar(child, file, "one value for each name", out var text))
                        texts.Add(joined(name.Value!, text));
                    else
                        complete = false;
                }
                value = texts;
                return complete;
            },
            Describe
        );

    private static ConfigShape<IReadOnlyList<string>> InputShape()
    {
        var shape = Mapping((name, path) => $"{path}:{name}");
        return new(
            (YamlNode node, ConfigFile file, [MaybeNullWhen(false)] out IReadOnlyList<string> value) =>
            {
                if (!shape.Read(node, file, out value))
                    return false;
                value =
                [
                    .. value.Select(text =>
                        text.StartsWith("~/", StringComparison.Ordinal)
                            ? file.Sources.LocalPath(text, file.Folder)
                            : text
                    ),
                ];
                return true;
            },
            Describe
        );
    }

    private static void Describe(Utf8JsonWriter writer) => ConfigShape.Either("string", "array", "object")(writer);

    [GeneratedRegex(@"\A[0-9]{1,9}[KMGTkmgt]?[Bb]?\z")]
    private static partial Regex Size();

    [GeneratedRegex(
        @"\A[0-9]{1,9}(-[0-9]{1,9}(:[0-9]{1,9})?)?(,[0-9]{1,9}(-[0-9]{1,9}(:[0-9]{1,9})?)?)*(%[1-9][0-9]{0,5})?\z"
    )]
    private static partial Regex Array();
}

/// <summary>What a job runs: words, or one text for the shell.</summary>
internal sealed partial record JobCommand(IReadOnlyList<string> Words, bool IsShellText)
{
    /// <summary>A line of plain words is to a shell what it is to us, so it is checked as words are.</summary>
    public static JobCommand Of(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return Plain().IsMatch(text) && !words[0].Contains('=') && !ShellWords.Contains(words[0])
            ? new(words, false)
            : new([text], true);
    }

    private static readonly string[] ShellWords =
    [
        ".",
        "case",
        "cd",
        "eval",
        "exec",
        "export",
        "for",
        "if",
        "set",
        "source",
        "time",
        "ulimit",
        "umask",
        "until",
        "while",
        "{",
    ];

    [GeneratedRegex(@"\A[A-Za-z0-9_@%+=:,./{} -]+\z")]
    private static partial Regex Plain();
}
