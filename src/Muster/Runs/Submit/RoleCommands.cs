using System.Text;
using Muster.Runs.Roles;
using Muster.Shell;

namespace Muster.Runs.Submit;

/// <summary>
/// What each rank of a run with roles executes: its role's line or the run's command, started as the framework wants
/// it.
/// </summary>
internal static class RoleCommands
{
    public static string Of(RunPlan plan, string? host)
    {
        var text = new StringBuilder("case $MUSTER_ROLE in\n");
        foreach (var role in plan.Roles)
        {
            var gpus = role.Gpus ?? plan.Gpus;
            text.Append(
                ShellText.Of(
                    $"{role.Name})\nown={(role.Lines.Count > 0 ? "1" : "")} "
                        + $"MUSTER_GPUS={(gpus is { } some ? $"{some}" : "")}\n"
                )
            );
            if (role.Lines.Count > 1)
            {
                text.Append("case $MUSTER_RANK in\n");
                for (var rank = 0; rank < role.Lines.Count; rank++)
                    text.Append(ShellText.Of($"{rank}) set -- sh -c {role.Lines[rank]} ;;\n"));
                text.Append("esac ;;\n");
                continue;
            }
            IReadOnlyList<string> words =
                role.Lines is [var line] ? ["sh", "-c", line]
                : plan.RawLine ? ["sh", "-c", string.Join(' ', plan.Command)]
                : plan.Command;
            text.Append(ShellText.Of($"set -- {words} ;;\n"));
        }
        text.Append("esac\n");
        if (LaunchProfile.Get(plan.Launch).Script is { } script)
            text.Append($"launch={plan.Launch} framework=\n").Append(script);
        return text.Append(plan.Container is { } image ? ContainerCommand.For(plan, image, host) : "exec \"$@\"\n")
            .ToString();
    }
}
