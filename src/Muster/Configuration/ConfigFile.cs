using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Muster.Configuration;

/// <summary>
/// One YAML file while it is being read: it collects what is wrong in it, and the values with their lines.
/// </summary>
internal sealed partial class ConfigFile(string path, ConfigSources sources)
{
    private const int DeepestNesting = 32;
    private const int MostBytes = 1 << 20;

    private readonly string _shown = sources.Shown(path);

    public List<ConfigMistake> Mistakes { get; } = [];
    public ConfigSources Sources => sources;
    public string Folder => Path.GetDirectoryName(path) ?? sources.Folder;

    /// <summary>It was found above the working folder: it is no file of the user or the machine.</summary>
    public bool IsOfProject => path != sources.NamedFile && path != sources.UserFile && path != sources.SystemFile;

    /// <summary>
    /// The file's one document; null when it is empty or not readable, and then the mistake is noted.
    /// </summary>
    public YamlNode? Load()
    {
        try
        {
            var bytes = File.ReadAllBytes(path);
            if (bytes.Length <= MostBytes)
                return Load(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes));
            Mistakes.Add(new(new(_shown), "the file is too large to be a configuration"));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Mistakes.Add(new(new(_shown), $"cannot be read: {fault.Message}"));
        }
        catch (DecoderFallbackException)
        {
            Mistakes.Add(new(new(_shown), "the file is not UTF-8 text"));
        }
        return null;
    }

    /// <summary>The document in <paramref name="text"/>, as if the file held it.</summary>
    public YamlNode? Load(string text)
    {
        var stream = new YamlStream();
        var scanner = new Scanner(new StringReader(text.TrimStart('\uFEFF')));
        try
        {
            stream.Load(new ShallowParser(new Parser(scanner)));
        }
        catch (YamlException fault)
        {
            Mistakes.Add(
                new(new(_shown, (int)Math.Max(1, fault.Start.Line)), $"this is not YAML: {Flat(fault.Message)}")
            );
            return null;
        }
        catch (Exception fault)
            when (fault is InvalidOperationException or ArgumentException or FormatException or IndexOutOfRangeException
            )
        {
            // YamlDotNet 16.3 meets some broken texts with faults of its own, such as a plain word cut off within { }.
            Mistakes.Add(
                new(
                    new(_shown, (int)Math.Max(1, scanner.CurrentPosition.Line)),
                    "this is not YAML: it breaks off or is misplaced here"
                )
            );
            return null;
        }
        if (stream.Documents.Count > 1)
            Mistake(stream.Documents[1].RootNode, "a second document begins here; write one");
        return stream.Documents is [var document, ..] ? document.RootNode : null;
    }

    public Origin At(YamlNode node) => new(_shown, (int)Math.Max(1, node.Start.Line));

    public void Mistake(YamlNode node, string text) => Mistakes.Add(new(At(node), Flat(text)));

    /// <summary>
    /// The text of a node with its <c>${NAME}</c> filled in from the environment; <c>$${NAME}</c> stays <c>${NAME}</c>.
    /// </summary>
    public bool Expand(YamlScalarNode node, out string text)
    {
        var complete = true;
        text = Variable()
            .Replace(
                node.Value ?? "",
                match =>
                {
                    if (match.Value.StartsWith("$$", StringComparison.Ordinal))
                        return match.Value[1..];
                    var name = match.Groups["name"].Value;
                    if (sources.Environment.TryGetValue(name, out var value))
                        return value;
                    Mistake(node, $"the environment variable {name} is not set");
                    complete = false;
                    return "";
                }
            );
        return complete;
    }

    /// <summary>A value that is too long or has several lines is not repeated whole.</summary>
    public static string Flat(string text)
    {
        var flat = new string([.. text.Take(200).Select(c => char.IsControl(c) ? ' ' : c)]);
        return text.Length > 200 ? flat + "…" : flat;
    }

    [GeneratedRegex(@"\$?\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)\}")]
    private static partial Regex Variable();

    /// <summary>Refuses a text nested so deeply that reading its tree would exhaust the stack.</summary>
    private sealed class ShallowParser(Parser parser) : IParser
    {
        private int _depth;

        public ParsingEvent? Current => parser.Current;

        public bool MoveNext()
        {
            if (!parser.MoveNext())
                return false;
            _depth += parser.Current!.NestingIncrease;
            if (_depth > DeepestNesting)
                throw new YamlException(parser.Current.Start, parser.Current.End, "it is nested too deeply");
            return true;
        }
    }
}
