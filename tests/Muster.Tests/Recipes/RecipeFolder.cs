using Muster.Configuration;
using Muster.Recipes.Reading;

namespace Muster.Recipes;

/// <summary>A folder with a muster.yaml and recipes of its own, for one test.</summary>
internal sealed class RecipeFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-recipes-");

    public RecipeFolder() => Write("muster.yaml", "");

    public string Path => _folder.FullName;

    public ConfigSources Sources =>
        new(Path, new Dictionary<string, string> { ["HOME"] = System.IO.Path.Combine(Path, "home") })
        {
            SystemFile = System.IO.Path.Combine(Path, "etc.yaml"),
        };

    public RecipeBook Book => new(Sources);

    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public Recipe Recipe(string yaml)
    {
        Write("recipes/mine/run.sh", "echo hello\n");
        Write("recipes/mine/recipe.yaml", yaml);
        return Book.Get("mine");
    }

    public IReadOnlyList<string> MistakesIn(string yaml) =>
        [.. Assert.Throws<ConfigException>(() => Recipe(yaml)).Mistakes.Select(mistake => mistake.ToString())];

    public void Dispose() => _folder.Delete(recursive: true);
}
