using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Transfers;

namespace Muster.Runs.Submit;

/// <summary>Inputs that are on a host already: looked at before anything is launched, then linked.</summary>
internal static class SiteInputs
{
    public static async Task<Area> FindAsync(IHost host, string root, RunPlan plan, CancellationToken ct)
    {
        var inputs = plan.Inputs.Where(input => input.OnSite).ToList();
        var script = ShellText.Script("Runs/Submit/inputs.sh", [root, .. inputs.Select(input => input.Path)]);
        var answer = await host.RunAsync(script, "", ct);
        var lines = answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (answer.ExitCode != 0 || lines.Length != inputs.Count)
            throw new UserException(
                $"{host.Name}: the inputs could not be looked at: {answer.Said}",
                "To check the site: `muster sites check`"
            );
        return new("in", [.. inputs.Zip(lines, (input, line) => Link(host, input, line))], AreaMode.Link);
    }

    private static CargoItem Link(IHost host, PlannedInput input, string line)
    {
        var word = line.Split(' ')[0];
        if (word != "there")
            throw new UserException(
                word == "closed"
                    ? $"{host.Name}: the input {input.Path} may not be read"
                    : $"{host.Name}: there is no {input.Path}",
                "Correct the path of --input, choose a host that has it with --host, or send it: --input LOCAL-PATH"
            );
        var target = Encoding.UTF8.GetBytes(line[(word.Length + 1)..]);
        return new(new RawPath(input.Name), CargoKind.Symlink) { Target = target };
    }
}
