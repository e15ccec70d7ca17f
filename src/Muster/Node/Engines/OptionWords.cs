using System.Text.Json;
using Muster.NodeOdm;

namespace Muster.Node.Engines;

/// <summary>Options as the words of a command: values unaltered, flags bare, what is switched off left out.</summary>
internal static class OptionWords
{
    public static IEnumerable<string> Of(IEnumerable<TaskOption> options) =>
        options.SelectMany(option =>
            option.Value.ValueKind switch
            {
                JsonValueKind.True => (string[])[$"--{option.Name}"],
                JsonValueKind.False or JsonValueKind.Null => [],
                JsonValueKind.String when option.Value.GetString()!.Length == 0 => [],
                JsonValueKind.String => [$"--{option.Name}", option.Value.GetString()!],
                _ => [$"--{option.Name}", option.Value.GetRawText()],
            }
        );
}
