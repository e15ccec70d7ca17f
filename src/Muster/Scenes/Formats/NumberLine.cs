using System.Buffers.Text;
using System.Runtime.CompilerServices;

namespace Muster.Scenes.Formats;

/// <summary>Numbers in a line of text, separated by blanks, tabs or commas, any number of them.</summary>
internal static class NumberLine
{
    /// <summary>
    /// Reads numbers until there is room for no more. Gives how many, or -1 when a word is no number.
    /// </summary>
    public static int Read(ReadOnlySpan<byte> line, Span<double> numbers)
    {
        var count = 0;
        while (count < numbers.Length)
        {
            while (!line.IsEmpty && IsGap(line[0]))
                line = line[1..];
            if (line.IsEmpty)
                break;
            if (
                !Utf8Parser.TryParse(line, out double number, out var length)
                || (length < line.Length && !IsGap(line[length]))
            )
            {
                var end = 0;
                while (end < line.Length && !IsGap(line[end]))
                    end++;
                // numpy and C write what is not a number in several ways.
                if (!IsNoNumber(line[..end]))
                    return -1;
                (number, length) = (double.NaN, end);
            }
            numbers[count++] = number;
            line = line[length..];
        }
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsGap(byte one) => one is (byte)' ' or (byte)'\t' or (byte)',';

    private static bool IsNoNumber(ReadOnlySpan<byte> word)
    {
        if (!word.IsEmpty && word[0] is (byte)'-' or (byte)'+')
            word = word[1..];
        return word.Length is 3 or 8
            && (
                System.Text.Ascii.EqualsIgnoreCase(word, "nan"u8)
                || System.Text.Ascii.EqualsIgnoreCase(word, "inf"u8)
                || System.Text.Ascii.EqualsIgnoreCase(word, "infinity"u8)
            );
    }
}
