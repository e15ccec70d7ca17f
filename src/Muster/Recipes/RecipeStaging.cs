using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Runs;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Recipes;

/// <summary>Brings what many runs of a recipe share to a site, on a host of it that has a network.</summary>
public static class RecipeStaging
{
    /// <param name="tell">Hears each line that the script prints.</param>
    public static async Task RunAsync(
        RecipeValues values,
        IHost host,
        Site site,
        Action<string> tell,
        CancellationToken ct
    )
    {
        var recipe = values.Recipe;
        await using var channel = await host.OpenAsync(ScriptFor(values, site), ct);
        channel.Input.Close();
        using var reader = new StreamReader(channel.Output, Encoding.UTF8);
        while (await reader.ReadLineAsync(ct) is { } line)
            tell(line);
        var end = await channel.EndAsync(ct);
        if (end.ExitCode == 0)
            return;
        var last = end
            .Said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .LastOrDefault();
        throw new UserException(
            $"{host.Name}: staging for {recipe.Name} ended with {end.ExitCode}{(last is null ? "" : $": {last}")}",
            $"Nothing was submitted. Fix what it names, then try it alone: muster recipes stage {recipe.Name}"
        );
    }

    /// <summary>The script with what it was given; also for people to read before it runs.</summary>
    public static ShellText ScriptFor(RecipeValues values, Site site)
    {
        var text = ShellText.Of(
            $$"""
            {{RunFolder.Expand(site.Root)}}
            umask 077
            mkdir -p "$root"/shared/{{values.Recipe.Name.Split('/')[
                0
            ]}} && MUSTER_SHARED=$(cd "$root"/shared/{{values.Recipe.Name.Split('/')[0]}} && pwd -P) || exit 1
            export MUSTER_SHARED

            """
        );
        // A job's lines may load what staging needs too, such as a module; what only a job can do may fail here.
        foreach (var line in site.Setup)
            text.AppendLiteral($"{line}\n");
        foreach (
            var parameter in values.Recipe.Parameters.Where(parameter => values.Parameters.ContainsKey(parameter.Name))
        )
        {
            text.AppendFormatted(ShellText.Of($"export {parameter.Variable}={values.Parameters[parameter.Name]}\n"));
        }
        text.AppendFormatted(ShellText.Of($"export MUSTER_UPLOAD={UploadOf(values)}\n"));
        // As one word, so that nothing which the script starts can read the rest of it.
        text.AppendFormatted(ShellText.Of($"exec sh -c {values.Recipe.Source.Script(values.Recipe.Stage!)} stage"));
        return text;
    }

    /// <summary>
    /// How many bytes a run would bring along, at most: what the site has of them already is not known here.
    /// </summary>
    private static long UploadOf(RecipeValues values) =>
        values.Recipe.Inputs.Sum(input =>
            values.LocalPath(input.Name) switch
            {
                { } file when File.Exists(file) => new FileInfo(file).Length,
                { } folder when Directory.Exists(folder) => new DirectoryInfo(folder)
                    .EnumerateFiles("*", SearchOption.AllDirectories)
                    .Sum(file => file.Length),
                _ => 0,
            }
        );
}
