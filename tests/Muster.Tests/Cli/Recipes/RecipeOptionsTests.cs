using System.CommandLine;
using Muster.Recipes;

namespace Muster.Cli.Recipes;

public sealed class RecipeOptionsTests : IDisposable
{
    private readonly RecipeFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("--gpu=false", "gpu=false")]
    [InlineData("--fast", "fast=true")]
    [InlineData("--radius x --fast false --photos p", "fast=false", "photos=p", "radius=x")]
    public void Only_what_was_typed_is_given(string words, params string[] given)
    {
        var options = new RecipeOptions(
            _folder.Recipe(
                """
                about: x
                script: run.sh
                inputs: { photos: { type: folder } }
                parameters: { gpu: { type: flag, default: true }, fast: { type: flag, default: false }, radius: { type: integer, default: 3 } }
                """
            )
        );
        var command = new RootCommand();
        foreach (var option in options.All)
            command.Add(option);

        Assert.Equal(given, options.Given(command.Parse(words)).Select(entry => $"{entry.Key}={entry.Value}").Order());
    }
}
