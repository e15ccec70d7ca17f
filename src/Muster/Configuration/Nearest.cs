namespace Muster.Configuration;

/// <summary>The known word that was probably meant.</summary>
internal static class Nearest
{
    /// <summary>Null when nothing is near enough to be a slip of the hand.</summary>
    public static string? Of(string word, IEnumerable<string> known) =>
        known
            .Select(candidate => (candidate, Edits: Edits(word.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .Where(pair => pair.Edits <= Math.Max(1, Math.Min(word.Length, pair.candidate.Length) / 2))
            .OrderBy(pair => pair.Edits)
            .Select(pair => pair.candidate)
            .FirstOrDefault();

    public static string DidYouMean(string word, IEnumerable<string> known) =>
        Of(word, known) is { } meant ? $"; did you mean '{meant}'?" : "";

    /// <summary>Letters added, left out, replaced, or swapped with their neighbour.</summary>
    private static int Edits(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > b.Length)
            return int.MaxValue; // keeps a whole text pasted as a key from taking long
        var edits = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            edits[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            edits[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = edits[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                edits[i, j] = Math.Min(replaced, 1 + Math.Min(edits[i - 1, j], edits[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
            }
        }
        return edits[a.Length, b.Length];
    }
}
