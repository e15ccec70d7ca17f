using System.Runtime.CompilerServices;
using System.Text;

namespace Muster.Shell;

/// <summary>Shell text in which every hole is quoted as one word. Hosts accept nothing else.</summary>
[InterpolatedStringHandler]
public sealed class ShellText(int literalLength, int holes)
{
    private readonly StringBuilder _text = new(literalLength + (16 * holes));

    public void AppendLiteral(string text) => _text.Append(text);

    public void AppendFormatted(string word) => _text.Append(Quote(word));

    public void AppendFormatted(long number) => _text.Append(number);

    public void AppendFormatted(IEnumerable<string> words) => _text.AppendJoin(' ', words.Select(Quote));

    public void AppendFormatted(ShellText inner) => _text.Append(inner._text);

    public override string ToString() => _text.ToString();

    /// <summary>Names a piece of shell text: <c>ShellText.Of($"cd {folder}")</c>.</summary>
    public static ShellText Of(ShellText text) => text;

    /// <summary>One of our own scripts, with its arguments as <c>$1</c>, <c>$2</c> …</summary>
    public static ShellText Script(string name, params IEnumerable<string> arguments)
    {
        var text = Of($"set -- {arguments}\n");
        text._text.Append(ShellScripts.Read(name));
        return text;
    }

    /// <summary>One word that any POSIX shell gives back unchanged. Plain words stay readable.</summary>
    public static string Quote(string word) =>
        word.Length > 0
        && word.All(c =>
            char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or ',' or ':' or '@' or '+' or '%'
        )
            ? word
            : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
