using Muster.Faults;

namespace Muster.Cli.Personas;

public sealed class GtsfmWordsTests
{
    [Theory]
    [InlineData(
        "python /home/me/gtsfm/gtsfm/runner run_scene_optimizer_colmaploader.py",
        "colmap",
        "/home/me/gtsfm",
        null
    )] // as the older guide prints it
    [InlineData("python /home/me/gtsfm/gtsfm/runner/run_scene_optimizer_1dsfm.py", "one_d_sfm", "/home/me/gtsfm", null)]
    [InlineData("/opt/env/bin/python3.8 run_scene_optimizer_olssonloader.py", "olsson", null, "/opt/env/bin/python3.8")]
    [InlineData("uv run python /data/g/gtsfm/runner.py", null, "/data/g", null)]
    [InlineData("./run", null, null, null)]
    [InlineData("python gtsfm/runner/run_scene_optimizer.py", null, null, null)]
    [InlineData("", null, null, null)]
    public void The_program_before_the_options_says_loader_checkout_and_interpreter(
        string program,
        string? loader,
        string? checkout,
        string? python
    )
    {
        var words = GtsfmWords.Of([
            .. program.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            "loader.skip=1",
            "~retriever",
            "+x=y",
        ]);

        Assert.Equal((loader, checkout, python), (words.Loader, words.Checkout, words.Python));
        Assert.Equal(["loader.skip=1", "~retriever", "+x=y"], words.Overrides);
    }

    [Fact]
    public void What_is_no_program_of_GTSfM_stays_and_a_script_without_a_loader_is_refused()
    {
        Assert.Equal(["main.py"], GtsfmWords.Of(["main.py"]).Overrides);
        Assert.Contains(
            "run_scene_optimizer_densify.py",
            Assert.Throws<UserException>(() => GtsfmWords.Of(["run_scene_optimizer_densify.py"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_older_names_of_the_data_set_are_names_of_the_same_option()
    {
        var root = MusterCommand.Create([]);
        foreach (var name in (string[])["--dataset_dir", "--colmap_files_dirpath", "--dataset_root"])
        {
            var parsed = root.Parse([
                "as",
                "gtsfm",
                "python",
                "run_scene_optimizer_colmaploader.py",
                name,
                "/data",
                "--mvs_off",
                "--cluster_config=c.yaml",
            ]);
            Assert.Empty(parsed.Errors);
            Assert.Equal("/data", parsed.GetValue<string>("--dataset_dir"));
        }
    }
}
