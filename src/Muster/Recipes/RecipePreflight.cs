using System.Text;
using Muster.Faults;
using Muster.Runs;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Recipes;

/// <summary>
/// Looks at every host that takes part, all at once, before anything is sent: what is wrong there, what is odd, and
/// what differs and must not.
/// </summary>
public static class RecipePreflight
{
    /// <summary>
    /// Behind a login node the hosts are not known yet. It sees what they share, and may lack what they have: so what
    /// is wrong there is told, and stops nothing.
    /// </summary>
    public static async Task<IReadOnlyList<RecipeFinding>> RunAsync(
        RecipeValues values,
        RunPlan plan,
        OpenSite site,
        CancellationToken ct
    )
    {
        var reports = await Task.WhenAll(plan.Hosts().Select(host => LookAsync(values, plan, site, host, ct)));
        return
        [
            .. reports.SelectMany(report => report.Findings),
            .. Differences(reports),
            .. plan.HasScheduler
                ?
                [
                    Warning(
                        $"{reports[0].Host}: only this login node was looked at; its compute nodes show what they have "
                            + "when the run starts"
                    ),
                ]
                : Array.Empty<RecipeFinding>(),
        ];
    }

    private static RecipeFinding Warning(string text) => new(null, false, text);

    private sealed record Report(
        string Host,
        IReadOnlyList<RecipeFinding> Findings,
        IReadOnlyDictionary<string, string> Same
    );

    private static async Task<Report> LookAsync(
        RecipeValues values,
        RunPlan plan,
        OpenSite site,
        string? name,
        CancellationToken ct
    )
    {
        var host = site.HostOf(name);
        var findings = new List<RecipeFinding>();
        var same = new Dictionary<string, string>();
        RecipeFinding Wrong(string text) => plan.HasScheduler ? Warning(text) : RecipeFinding.Error(text);
        try
        {
            await using var channel = await host.OpenAsync(ScriptFor(values, plan, site.Root, name), ct);
            channel.Input.Close();
            using var reader = new StreamReader(channel.Output, Encoding.UTF8);
            while (await reader.ReadLineAsync(ct) is { } line)
            {
                switch (line.Split(' ', 2))
                {
                    case ["error", var text]:
                        findings.Add(Wrong($"{host.Name}: {text}"));
                        break;
                    case ["warning", var text]:
                        findings.Add(Warning($"{host.Name}: {text}"));
                        break;
                    case ["same", var text] when text.Split('=', 2) is [var what, var value]:
                        same[what] = value;
                        break;
                }
            }
            var end = await channel.EndAsync(ct);
            if (end.ExitCode != 0)
                findings.Add(
                    Wrong(
                        $"{host.Name}: the preflight ended with {end.ExitCode}: "
                            + $"{end.Said.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault()}"
                    )
                );
        }
        catch (HostUnreachableException fault)
        {
            findings.Add(RecipeFinding.Error(fault.Message));
        }
        return new(host.Name, findings, same);
    }

    private static ShellText ScriptFor(RecipeValues values, RunPlan plan, string root, string? host)
    {
        var text = ShellText.Of(
            $"{RunFolder.Expand(root)}\nMUSTER_ROOT=$root "
                + $"MUSTER_RANKS={string.Join(' ', plan.Ranks().Where(rank => plan.HostOf(rank) == host))} "
                + $"MUSTER_LOGIN={(plan.HasScheduler ? "1" : "")}\nexport MUSTER_ROOT MUSTER_RANKS MUSTER_LOGIN\n"
        );
        foreach (
            var input in values.Recipe.Inputs.Where(input =>
                values.Inputs.ContainsKey(input.Name) && values.LocalPath(input.Name) is null
            )
        )
        {
            text.AppendFormatted(
                ShellText.Of($"export {input.Variable}={values.Inputs[input.Name][RecipeValues.There.Length..]}\n")
            );
        }
        foreach (
            var parameter in values.Recipe.Parameters.Where(parameter => values.Parameters.ContainsKey(parameter.Name))
        )
        {
            text.AppendFormatted(ShellText.Of($"export {parameter.Variable}={values.Parameters[parameter.Name]}\n"));
        }
        // What the site's own lines print is no finding.
        foreach (var line in plan.Setup)
            text.AppendLiteral($"{line} >/dev/null\n");
        text.AppendFormatted(
            ShellText.Of($"exec sh -c {values.Recipe.Source.Script(values.Recipe.Preflight!)} preflight")
        );
        return text;
    }

    private static IEnumerable<RecipeFinding> Differences(IReadOnlyList<Report> reports) =>
        from entry in reports.SelectMany(report =>
            report.Same.Select(same => (report.Host, What: same.Key, same.Value))
        )
        group entry by entry.What into what
        where what.Select(entry => entry.Value).Distinct().Count() > 1
        select RecipeFinding.Error(
            $"{what.Key} differs: {string.Join(", ", what.Select(entry => $"{entry.Value} on {entry.Host}"))}"
        );
}
