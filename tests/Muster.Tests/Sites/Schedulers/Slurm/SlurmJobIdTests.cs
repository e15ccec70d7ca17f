namespace Muster.Sites.Schedulers.Slurm;

public sealed class SlurmJobIdTests
{
    [Theory]
    [InlineData("123\n", "123")]
    [InlineData("123;cedar\n", "123;cedar")]
    [InlineData("Submitted batch job 123\n", "123")]
    [InlineData("Submitted batch job 123 on cluster cedar\n", "123;cedar")]
    [InlineData("Welcome to cedar!\nQuota 12 of 50\n\n123\r\nBye\n", "123")]
    [InlineData("2026\nsbatch: account def-prof chosen\nSubmitted batch job 123\n", "123")]
    public void An_id_is_found_amid_banners(string output, string expected) =>
        Assert.Equal(expected, SlurmJobId.Find(output)?.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("sbatch: error: 12\n")]
    [InlineData("12\n13\n")]
    [InlineData("99999999999999999999\n")]
    public void None_is_guessed(string output) => Assert.Null(SlurmJobId.Find(output));
}
