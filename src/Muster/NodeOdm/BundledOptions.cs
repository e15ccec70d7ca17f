using System.Text.Json;

namespace Muster.NodeOdm;

/// <summary>Options of ODM that clients can be shown where no engine can be asked.</summary>
public static class BundledOptions
{
    private static readonly Lazy<IReadOnlyList<OptionDescription>> Read = new(() =>
    {
        using var content = typeof(BundledOptions).Assembly.GetManifestResourceStream("NodeOdm/options.json")!;
        return JsonSerializer.Deserialize(content, OdmJson.Wire.IReadOnlyListOptionDescription)!;
    });

    public static IReadOnlyList<OptionDescription> All => Read.Value;
}
