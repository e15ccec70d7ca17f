using Muster.Configuration;
using Muster.Faults;
using Muster.Hosts;
using Muster.Sites;

namespace Muster.Recipes.DroidSlam;

/// <summary>What is looked at on the site before anything is sent to it.</summary>
public sealed class StagingTests : IDisposable
{
    private readonly RecipeFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private Task StageAsync(params (string Name, string Value)[] given)
    {
        var (values, _) = RecipeValues.Read(
            _folder.Book.Get("droid-slam/train"),
            given.Append(("stage-on", "local")).ToDictionary(),
            _folder.Path
        );
        var site = new LocalSite
        {
            Name = "here",
            Origin = Origin.BuiltIn,
            Root = Path.Combine(_folder.Path, "root"),
        };
        return RecipeStaging.RunAsync(values, new LocalHost(), site, _ => { }, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Where_there_is_room_staging_says_nothing()
    {
        await StageAsync();
        Assert.True(Directory.Exists(Path.Combine(_folder.Path, "root", "shared", "droid-slam", "sif")));
    }

    [Fact]
    public async Task E501_a_site_that_cannot_be_written_to()
    {
        _folder.Write("root/shared/droid-slam/sif", "a file where a folder has to be");
        Assert.Contains(
            "E501 ",
            (await Assert.ThrowsAsync<UserException>(() => StageAsync())).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task E501_less_room_than_twice_the_upload()
    {
        using (var large = File.Create(Path.Combine(_folder.Path, "large.sif")))
            large.SetLength(1L << 43); // of which nothing is written
        Assert.Contains(
            "E501 ",
            (await Assert.ThrowsAsync<UserException>(() => StageAsync(("image-file", "large.sif")))).Message,
            StringComparison.Ordinal
        );
    }
}
