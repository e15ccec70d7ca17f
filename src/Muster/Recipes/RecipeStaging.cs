using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs;
using Muster.Shell;

namespace Muster.Recipes;

/// <summary>Brings what many runs of a recipe share to a site, on a host of it that has a network.</summary>
public static class RecipeStaging
{
    /// <param name="tell">Hears each line that the script prints.</param>
    public static async Task RunAsync(RecipeValues values, IHost host, string root, Action<string> tell, CancellationToken ct)
    {
        var recipe = values.Recipe;
        await using var channel = await host.OpenAsync(ScriptFor(values, root), ct);
        channel.Input.Close();
        using var reader = new StreamReader(channel.Output, Encoding.UTF8);
        while (await reader.ReadLineAsync(ct) is { } line) tell(line);
        var end = await channel.EndAsync(ct);
        if (end.ExitCode == 0) return;
        var last = end.Said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
        throw new UserException($"{host.Name}: staging for {recipe.Name} ended with {end.ExitCode}{(last is null ? "" : $": {last}")}",
            $"Nothing was submitted. Mend what it names, then try it alone: muster recipes stage {recipe.Name}");
    }

    /// <summary>The script with what it was given; also for people to read before it runs.</summary>
    public static ShellText ScriptFor(RecipeValues values, string root)
    {
        var text = ShellText.Of($$"""
            {{RunFolder.Expand(root)}}
            umask 077
            mkdir -p "$root"/shared/{{values.Recipe.Name.Split('/')[0]}} && MUSTER_SHARED=$(cd "$root"/shared/{{values.Recipe.Name.Split('/')[0]}} && pwd -P) || exit 1
            export MUSTER_SHARED

            """);
        foreach (var parameter in values.Recipe.Parameters.Where(parameter => values.Parameters.ContainsKey(parameter.Name)))
        {
            text.AppendFormatted(ShellText.Of($"export {parameter.Variable}={values.Parameters[parameter.Name]}\n"));
        }
        // As one word, so that nothing which the script starts can read the rest of it.
        text.AppendFormatted(ShellText.Of($"exec sh -c {values.Recipe.Source.Script(values.Recipe.Stage!)} stage"));
        return text;
    }
}
