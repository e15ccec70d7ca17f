using Muster.Faults;

namespace Muster.Sites.Schedulers.Slurm;

public sealed class SbatchJsonTests
{
    [Fact]
    public void An_object_of_any_plain_values_is_read() =>
        Assert.Equal(
            ["#SBATCH --cpus-per-task=4", "#SBATCH --requeue", "#SBATCH --hold", "#SBATCH --gres=gpu:1"],
            SbatchJson
                .Parse(
                    """{ "-c": 4, "requeue": true, "-H": "", "--gres": "gpu:1", "exclusive": false }""",
                    "--sbatch_json"
                )
                .ToLines()
        );

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{ "mem": [1] }""")]
    [InlineData("""{ "time": "soon" }""")]
    [InlineData("""{ "mem": "\ud800" }""")]
    public void Anything_else_is_a_fault_that_names_the_place(string text) =>
        Assert.StartsWith(
            "--sbatch_json",
            Assert.Throws<UserException>(() => SbatchJson.Parse(text, "--sbatch_json")).Message
        );

    [Fact]
    public void A_folder_without_the_file_gives_no_options()
    {
        var folder = Directory.CreateTempSubdirectory("muster-sbatch-");
        try
        {
            Assert.Empty(SbatchJson.Find(folder.FullName).Entries);
            File.WriteAllText(Path.Combine(folder.FullName, "sbatch.json"), """{ "-t": "5" }""");
            Assert.Equal("5", SbatchJson.Find(folder.FullName).Find("time"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
