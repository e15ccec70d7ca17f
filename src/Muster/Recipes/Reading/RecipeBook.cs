using System.Text.RegularExpressions;
using Muster.Configuration;
using Muster.Faults;

namespace Muster.Recipes.Reading;

/// <summary>
/// The recipes that can be run: those in <c>recipes/</c> beside a configuration file, the nearest first, then those in
/// the program.
/// </summary>
public sealed partial class RecipeBook(ConfigSources sources)
{
    private const string FolderName = "recipes";

    /// <summary>Each name once; a nearer recipe hides another of its name.</summary>
    public IReadOnlyList<RecipeSource> All() =>
        [
            .. Folders()
                .SelectMany(folder => NamesIn(folder).Select(name => RecipeSource.Of(folder, name)))
                .Concat(RecipeSource.BuiltInNames.Select(RecipeSource.BuiltIn))
                .DistinctBy(source => source.Name)
                .OrderBy(source => source.Name, StringComparer.Ordinal),
        ];

    /// <summary>Throws <see cref="ConfigException"/> with all of its mistakes.</summary>
    public Recipe Read(RecipeSource source) => RecipeReader.Read(source, sources);

    public RecipeSource? Find(string name) => All().FirstOrDefault(source => source.Name == name);

    public Recipe Get(string name) =>
        Find(name) is { } source
            ? Read(source)
            : throw UserException.Misuse(
                $"there is no recipe '{ConfigFile.Flat(name)}'"
                    + $"{Nearest.DidYouMean(name, All().Select(known => known.Name))}",
                "`muster recipes list` shows all. Your own go into `recipes/NAME/recipe.yaml` beside muster.yaml."
            );

    /// <summary>The places that are looked at, whether they are there or not.</summary>
    public IReadOnlyList<string> Folders() =>
        [
            .. sources
                .Files()
                .Append(sources.UserFile)
                .OfType<string>()
                .Select(file => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, FolderName))
                .Distinct(),
        ];

    private static IEnumerable<string> NamesIn(string folder)
    {
        if (!Directory.Exists(folder))
            yield break;
        foreach (var (path, name) in Below(folder, ""))
        {
            if (File.Exists(Path.Combine(path, RecipeSource.FileName)))
                yield return name;
            else
                foreach (
                    var part in Below(path, name + "/")
                        .Where(part => File.Exists(Path.Combine(part.Path, RecipeSource.FileName)))
                )
                    yield return part.Name;
        }
    }

    private static IEnumerable<(string Path, string Name)> Below(string folder, string prefix) =>
        Directory
            .GetDirectories(folder)
            .Select(path => (Path: path, Name: Path.GetFileName(path)))
            .Where(entry => Names().IsMatch(entry.Name))
            .Select(entry => (entry.Path, prefix + entry.Name));

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,60}\z")]
    private static partial Regex Names();
}
