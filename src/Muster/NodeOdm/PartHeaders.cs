using System.Text;
using System.Text.RegularExpressions;

namespace Muster.NodeOdm;

/// <summary>
/// What the headers of a form's part say. File names come plain in UTF-8, or encoded by RFC 5987 or RFC 2047.
/// </summary>
internal sealed partial record PartHeaders(string Name, string? FileName)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static PartHeaders Parse(string text)
    {
        string? name = null,
            file = null,
            encodedFile = null;
        foreach (
            var line in text.Replace("\r\n ", " ", StringComparison.Ordinal)
                .Replace("\r\n\t", " ", StringComparison.Ordinal)
                .Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
        )
        {
            var colon = line.IndexOf(':');
            if (colon <= 0)
                throw new RefusalException("Malformed part header", noRetry: true);
            var value = line[(colon + 1)..].Trim();
            switch (line[..colon].Trim().ToLowerInvariant())
            {
                case "content-disposition":
                    foreach (Match parameter in Parameter().Matches(value))
                    {
                        var content = parameter.Groups["quoted"] is { Success: true } quoted
                            ? quoted.Value.Replace("\\\"", "\"", StringComparison.Ordinal)
                            : parameter.Groups["plain"].Value;
                        switch (parameter.Groups["key"].Value.ToLowerInvariant())
                        {
                            case "name":
                                name ??= content;
                                break;
                            case "filename":
                                file ??= content;
                                break;
                            case "filename*":
                                encodedFile ??= Rfc5987(content);
                                break;
                        }
                    }
                    break;
                case "content-transfer-encoding" when value.ToLowerInvariant() is "base64" or "quoted-printable":
                    throw new RefusalException(
                        $"Content-Transfer-Encoding {value} is not supported; send the bytes as they are",
                        noRetry: true
                    );
            }
        }
        return new(
            name is null ? throw new RefusalException("Field name missing", noRetry: true) : Rfc2047(name),
            encodedFile ?? (file is null ? null : Rfc2047(file))
        );
    }

    /// <summary>Header bytes as text: UTF-8, and Latin-1 where they are not.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes);
        }
    }

    /// <summary><c>UTF-8''n%C3%A4me.jpg</c>; null when it is broken, and then the plain name counts.</summary>
    private static string? Rfc5987(string text)
    {
        if (text.Split('\'') is not [var charset, _, .. var rest] || Charset(charset) is not { } encoding)
            return null;
        var escaped = string.Join('\'', rest);
        var bytes = new List<byte>();
        for (var i = 0; i < escaped.Length; i++)
        {
            if (
                escaped[i] == '%'
                && i + 2 < escaped.Length
                && byte.TryParse(
                    escaped.AsSpan(i + 1, 2),
                    System.Globalization.NumberStyles.AllowHexSpecifier,
                    null,
                    out var one
                )
            )
            {
                bytes.Add(one);
                i += 2;
            }
            else if (char.IsAscii(escaped[i]))
            {
                bytes.Add((byte)escaped[i]);
            }
        }
        return encoding.GetString([.. bytes]);
    }

    /// <summary>Words such as <c>=?utf-8?B?bsOkbWU=?=</c> within a text.</summary>
    private static string Rfc2047(string text) =>
        !text.Contains("=?", StringComparison.Ordinal)
            ? text
            : EncodedWord()
                .Replace(
                    text,
                    match =>
                    {
                        if (Charset(match.Groups["charset"].Value) is not { } encoding)
                            return match.Value;
                        var word = match.Groups["text"].Value;
                        if (match.Groups["how"].Value is "Q" or "q")
                        {
                            return encoding.GetString([
                                .. Quoted()
                                    .Matches(word.Replace('_', ' '))
                                    .Select(unit =>
                                        unit.Value.Length == 3
                                            ? Convert.ToByte(unit.Value[1..], 16)
                                            : (byte)unit.Value[0]
                                    ),
                            ]);
                        }
                        var bytes = new byte[word.Length];
                        return Convert.TryFromBase64String(word, bytes, out var length)
                            ? encoding.GetString(bytes.AsSpan(0, length))
                            : match.Value;
                    }
                );

    private static Encoding? Charset(string name) =>
        name.ToLowerInvariant() switch
        {
            "utf-8" or "utf8" => Encoding.UTF8,
            "iso-8859-1" or "latin1" or "windows-1252" => Encoding.Latin1,
            "us-ascii" or "ascii" => Encoding.ASCII,
            _ => null,
        };

    [GeneratedRegex(
        """;\s*(?<key>[^\s=;"]+)\s*=\s*(?:"(?<quoted>(?:\\"|[^"])*)"|(?<plain>[^;"\s]*))""",
        RegexOptions.ExplicitCapture
    )]
    private static partial Regex Parameter();

    [GeneratedRegex(
        @"=\?(?<charset>[^?\s*]+)(\*[^?\s]*)?\?(?<how>[bBqQ])\?(?<text>[^?\s]*)\?=(\s+(?==\?))?",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex EncodedWord();

    [GeneratedRegex("=[0-9A-Fa-f]{2}|[\0-\x7f]")]
    private static partial Regex Quoted();
}
