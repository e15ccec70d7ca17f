namespace Muster.Scenes.Drawing;

/// <summary>
/// Letters made of strokes, for pictures of pixels: a column and a row for each corner, four columns wide, six rows
/// high.
/// </summary>
internal static class StrokeFont
{
    private const double Advance = 5.6,
        Rows = 6;

    private static readonly Dictionary<char, string> Glyphs = new()
    {
        [' '] = "",
        ['0'] = "10 30 41 45 36 16 05 01 10",
        ['1'] = "11 20 26|16 36",
        ['2'] = "01 10 30 41 42 06 46",
        ['3'] = "01 10 30 41 42 33 44 45 36 16 05|13 33",
        ['4'] = "36 30 04 44",
        ['5'] = "40 00 03 33 44 45 36 06",
        ['6'] = "40 20 02 05 16 36 45 44 33 03",
        ['7'] = "00 40 16",
        ['8'] = "10 30 41 42 33 13 02 01 10|13 04 05 16 36 45 44 33",
        ['9'] = "43 13 02 01 10 30 41 44 26 06",
        ['A'] = "06 20 46|14 34",
        ['B'] = "00 06 36 45 44 33 03|00 30 41 42 33",
        ['C'] = "41 30 10 01 05 16 36 45",
        ['D'] = "00 06 26 44 42 20 00",
        ['E'] = "40 00 06 46|03 33",
        ['F'] = "40 00 06|03 33",
        ['G'] = "41 30 10 01 05 16 36 45 43 23",
        ['H'] = "00 06|40 46|03 43",
        ['I'] = "10 30|20 26|16 36",
        ['J'] = "30 35 26 16 05",
        ['K'] = "00 06|40 03 46",
        ['L'] = "00 06 46",
        ['M'] = "06 00 23 40 46",
        ['N'] = "06 00 46 40",
        ['O'] = "10 30 41 45 36 16 05 01 10",
        ['P'] = "06 00 30 41 42 33 03",
        ['Q'] = "10 30 41 45 36 16 05 01 10|34 46",
        ['R'] = "06 00 30 41 42 33 03|23 46",
        ['S'] = "41 30 10 01 02 13 33 44 45 36 16 05",
        ['T'] = "00 40|20 26",
        ['U'] = "00 05 16 36 45 40",
        ['V'] = "00 26 40",
        ['W'] = "00 16 23 36 40",
        ['X'] = "00 46|40 06",
        ['Y'] = "00 23 40|23 26",
        ['Z'] = "00 40 06 46",
        ['a'] = "12 32 43 46|44 14 05 16 36 45",
        ['b'] = "00 06|03 12 32 43 45 36 16 05",
        ['c'] = "43 32 12 03 05 16 36 45",
        ['d'] = "40 46|43 32 12 03 05 16 36 45",
        ['e'] = "04 44 43 32 12 03 05 16 36 45",
        ['f'] = "40 30 21 26|12 32",
        ['g'] = "43 32 12 03 05 16 36 45|42 47 38 18",
        ['h'] = "00 06|03 12 32 43 46",
        ['i'] = "22 26|20 20",
        ['j'] = "22 27 18|20 20",
        ['k'] = "00 06|42 04|14 46",
        ['l'] = "20 26",
        ['m'] = "02 06|03 12 23 26|23 32 43 46",
        ['n'] = "02 06|03 12 32 43 46",
        ['o'] = "12 32 43 45 36 16 05 03 12",
        ['p'] = "02 08|03 12 32 43 45 36 16 05",
        ['q'] = "42 48|43 32 12 03 05 16 36 45",
        ['r'] = "02 06|04 13 22 32",
        ['s'] = "43 32 12 03 14 34 45 36 16 05",
        ['t'] = "10 15 26 36|02 32",
        ['u'] = "02 05 16 36 45|42 46",
        ['v'] = "02 26 42",
        ['w'] = "02 16 24 36 42",
        ['x'] = "02 46|42 06",
        ['y'] = "02 26|42 26 18 08",
        ['z'] = "02 42 06 46",
        ['.'] = "26 26",
        [','] = "26 17",
        ['-'] = "13 33",
        ['+'] = "21 25|03 43",
        ['('] = "30 11 15 36",
        [')'] = "10 31 35 16",
        ['['] = "30 10 16 36",
        [']'] = "10 30 36 16",
        ['/'] = "40 06",
        [':'] = "22 22|25 25",
        ['='] = "02 42|04 44",
        ['%'] = "40 06|10 10|36 36",
        ['°'] = "10 20 21 11 10",
        ['×'] = "13 35|33 15",
        ['_'] = "07 47",
        ['…'] = "06 06|26 26|46 46",
    };

    public static double WidthOf(string text, double size) => text.Length * Advance * size / Rows;

    /// <param name="at">Where the text's base line begins.</param>
    /// <param name="size">The height of a capital.</param>
    public static void Draw(Raster raster, string text, Spot at, double size, Ink ink, bool upright)
    {
        var unit = size / Rows;
        for (var i = 0; i < text.Length; i++)
        {
            foreach (
                var stroke in Glyphs
                    .GetValueOrDefault(text[i], "00 40 46 06 00")
                    .Split('|', StringSplitOptions.RemoveEmptyEntries)
            )
            {
                Spot[] corners =
                [
                    .. stroke
                        .Split(' ')
                        .Select(corner => Place((corner[0] - '0') + (i * Advance), corner[1] - '0' - Rows)),
                ];
                for (var k = 1; k < corners.Length; k++)
                    raster.Line(corners[k - 1], corners[k], Math.Max(1, size / 9), ink);
            }
        }

        Spot Place(double x, double y) =>
            upright ? new(at.X + (y * unit), at.Y - (x * unit)) : new(at.X + (x * unit), at.Y + (y * unit));
    }
}
