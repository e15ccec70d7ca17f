using System.Text.Json;
using Muster.Configuration;
using Muster.Faults;

namespace Muster.NodeOdm.HandIn;

/// <summary>
/// Options as people write them, NAME=VALUE, checked against what the server offers before anything is sent.
/// </summary>
public static class AskedOptions
{
    /// <returns>JSON text for a <see cref="TaskForm"/>.</returns>
    public static string Read(IReadOnlyList<string> asked, IReadOnlyList<OptionDescription> known)
    {
        var options = asked
            .Select(text =>
                text.TrimStart('-').Split('=', 2) is [var name, var value]
                    ? (Name: name, Value: value)
                    : (Name: text.TrimStart('-'), Value: "true")
            )
            .ToList();
        var sent = JsonSerializer.Serialize(
            [
                .. options.Select(option => new TaskOption(
                    option.Name,
                    JsonSerializer.SerializeToElement(option.Value, OdmJson.Wire.String)
                )),
            ],
            OdmJson.Wire.IReadOnlyListTaskOption
        );
        if (known.Count == 0)
            return sent; // a gateway that has seen no node yet
        var wrong = options
            .Where(option => known.All(one => one.Name != option.Name))
            .Select(option =>
                $"there is no option '{option.Name}'{Nearest.DidYouMean(option.Name, known.Select(one => one.Name))}"
            )
            .ToList();
        if (!OptionRules.TryRead(known, sent, null, out var accepted, out var faults))
        {
            wrong.AddRange(
                JsonSerializer
                    .Deserialize(faults, OdmJson.Wire.IReadOnlyListOptionFault)!
                    .Select(fault =>
                        $"{fault.Name}: {fault.Error}, it takes {Domain(known.First(one => one.Name == fault.Name))}"
                    )
            );
        }
        if (wrong.Count > 0)
            throw UserException.Misuse(
                string.Join("; ", wrong),
                $"This server offers: {string.Join(", ", known.Select(one => one.Name))}."
            );
        return JsonSerializer.Serialize(accepted, OdmJson.Wire.IReadOnlyListTaskOption);
    }

    private static string Domain(OptionDescription option) =>
        option.Domain.Members is { } members ? string.Join(", ", members)
        : option.Domain.Rule is { Length: > 0 } rule ? rule
        : $"a {option.Type}";
}
