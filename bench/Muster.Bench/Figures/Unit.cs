using System.Globalization;

namespace Muster.Bench.Figures;

/// <summary>What a figure counts. Of rates more is better, of everything else less.</summary>
internal enum Unit
{
    Seconds,
    PerSecond,
    BytesPerSecond,
    Bytes,
    Times,
    CoreShare,
}

internal static class Units
{
    public static bool MoreIsBetter(this Unit unit) => unit is Unit.PerSecond or Unit.BytesPerSecond;

    /// <summary>The figure as a person reads it.</summary>
    public static string Text(this Unit unit, double value) =>
        unit switch
        {
            Unit.Seconds => value switch
            {
                < 0.01 => Said($"{value * 1000:0.00} ms"),
                < 1 => Said($"{value * 1000:0} ms"),
                < 100 => Said($"{value:0.00} s"),
                _ => Said($"{value:0} s"),
            },
            Unit.PerSecond => Said($"{value:N0}/s"),
            Unit.BytesPerSecond => Said($"{value / 1e6:N0} MB/s"),
            Unit.Bytes => value < 1e6 ? Said($"{value / 1e3:0} kB") : Said($"{value / 1e6:N0} MB"),
            Unit.CoreShare => Said($"{value * 100:0.000} % of a core"),
            _ => Said($"{value:0.##}"),
        };

    private static string Said(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
