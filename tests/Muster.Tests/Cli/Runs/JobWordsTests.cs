using Muster.Sites.Reading;

namespace Muster.Cli.Runs;

public sealed class JobWordsTests
{
    /// <summary>How a submission is looked at, which is decided anew each time.</summary>
    private static readonly string[] NotOfAJob = ["dry-run", "scripts", "help"];

    [Fact]
    public void Every_option_of_submit_is_a_key_of_a_job()
    {
        var options = MusterCommand
            .Create(["submit"])
            .Subcommands.Single()
            .Options.Select(option => option.Name.TrimStart('-'))
            .Except(NotOfAJob);
        Assert.Equal(options.Order(), JobReader.OptionNames.Order());
    }
}
