using Muster.Faults;

namespace Muster.Recipes;

public sealed class RecipeBookTests : IDisposable
{
    private readonly RecipeFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private const string Smallest = "about: Mine.\nscript: run.sh\n";

    [Fact]
    public void Every_built_in_recipe_can_be_read()
    {
        Assert.Superset(new HashSet<string> { "colmap", "node" }, RecipeSource.BuiltInNames.ToHashSet());
        Assert.All(RecipeSource.BuiltInNames, name => Assert.Equal(name, _folder.Book.Get(name).Name));
    }

    [Fact]
    public void A_nearer_recipe_hides_one_of_its_name()
    {
        foreach (var folder in (string[])["recipes", "home/.config/muster/recipes"])
        {
            _folder.Write($"{folder}/colmap/recipe.yaml", Smallest);
            _folder.Write($"{folder}/colmap/run.sh", folder);
        }
        _folder.Write("home/.config/muster/recipes/theirs/part/recipe.yaml", Smallest);
        _folder.Write("home/.config/muster/recipes/theirs/run.sh", "");

        Assert.Equal("recipes", _folder.Book.Get("colmap").Source.Script("run.sh"));
        Assert.Equal(
            ["colmap", "node", "theirs/part"],
            _folder.Book.All().Select(source => source.Name).Intersect(["colmap", "node", "theirs/part"])
        );
        Assert.Equal("Mine.", _folder.Book.Get("theirs/part").About);
    }

    [Fact]
    public void An_unknown_name_gets_a_suggestion()
    {
        var fault = Assert.Throws<UserException>(() => _folder.Book.Get("colmpa"));

        Assert.Equal(
            (ExitCodes.Usage, "there is no recipe 'colmpa'; did you mean 'colmap'?"),
            (fault.ExitCode, fault.Message)
        );
    }

    [Fact]
    public void What_is_in_the_program_is_laid_out_once_and_whole()
    {
        var cache = Path.Combine(_folder.Path, "cache");
        var folder = _folder.Book.Get("colmap").Source.Folder(cache);

        Assert.Equal(folder, RecipeSource.BuiltIn("colmap").Folder(cache));
        Assert.Equal(["recipe.yaml", "run.sh"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
        Assert.Equal(
            _folder.Book.Get("colmap").Source.Script("run.sh"),
            File.ReadAllText(Path.Combine(folder, "run.sh"))
        );
        Assert.Single(Directory.GetDirectories(Path.Combine(cache, "recipes")));
    }
}
