using System.Globalization;

namespace Muster.Cli.Terminal;

/// <summary>Sizes and times as people say them.</summary>
public static class Words
{
    public static string Size(long bytes)
    {
        string[] units = ["B", "KB", "MB", "GB", "TB"];
        double size = bytes;
        var unit = 0;
        while (size >= 1000 && unit < units.Length - 1)
            (size, unit) = (size / 1000, unit + 1);
        return unit == 0 ? $"{bytes} B" : string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {units[unit]}");
    }

    public static string Duration(TimeSpan time) =>
        time < TimeSpan.FromSeconds(10) ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")
        : time < TimeSpan.FromMinutes(2) ? $"{(int)time.TotalSeconds} s"
        : time < TimeSpan.FromHours(2) ? $"{(int)time.TotalMinutes} min"
        : time < TimeSpan.FromDays(2) ? $"{(int)time.TotalHours} h {time.Minutes} min"
        : $"{(int)time.TotalDays} d {time.Hours} h";

    public static string Count(int number, string one) =>
        number == 1 ? $"1 {one}" : $"{number.ToString("N0", CultureInfo.InvariantCulture)} {one}s";

    /// <summary>A command as it could be typed again.</summary>
    public static string Command(IEnumerable<string> words) => string.Join(' ', words.Select(Shell.ShellText.Quote));
}
