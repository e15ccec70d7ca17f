using System.CommandLine;
using Muster.Cli.Context;

namespace Muster.Cli.Personas;

public sealed class SubmitPersonaTests
{
    private static (ParseResult Parsed, string[] Command) Read(params string[] words)
    {
        var root = MusterCommand.Create([]);
        var (options, command, _) = CommandWords.Split(root, ["as", "submit", .. words]);
        return (root.Parse(options), command);
    }

    [Theory]
    [InlineData("-c", "cedar.json")]
    [InlineData("-c=cedar.json")]
    [InlineData("-ccedar.json")]
    public void The_config_file_is_named_in_three_spellings(params string[] words)
    {
        var (parsed, command) = Read([.. words, "python", "main.py"]);

        Assert.Empty(parsed.Errors);
        Assert.Equal("cedar.json", parsed.GetValue<string>("-c"));
        Assert.Equal(["python", "main.py"], command);
    }

    [Fact]
    public void Options_after_the_program_are_the_programs()
    {
        var (parsed, command) = Read(
            "-c",
            "a.json",
            "--tensorboard",
            "python",
            "main.py",
            "-n",
            "3",
            "--branch",
            "x",
            "-c=4",
            "--",
            "-q"
        );

        Assert.Empty(parsed.Errors);
        Assert.Equal("default", parsed.GetValue<string>("--name"));
        Assert.Equal(["python", "main.py", "-n", "3", "--branch", "x", "-c=4", "--", "-q"], command);
    }

    [Theory]
    [InlineData("-n", "proj", "-b", "feat/x")]
    [InlineData("--name", "proj", "--branch", "feat/x")]
    [InlineData("--name=proj", "--branch=feat/x")]
    [InlineData("-nproj", "-b=feat/x")]
    public void Names_come_in_every_spelling_and_two_dashes_end_the_options(params string[] words)
    {
        var (parsed, command) = Read([
            "-c",
            "a.json",
            .. words,
            "--sbatch_json",
            """{"--gres": "gpu:1", "-c": "4"}""",
            "--",
            "-odd",
            "word",
        ]);

        Assert.Empty(parsed.Errors);
        Assert.Equal(("proj", "feat/x"), (parsed.GetValue<string>("--name"), parsed.GetValue<string>("--branch")));
        Assert.Equal("""{"--gres": "gpu:1", "-c": "4"}""", parsed.GetValue<string>("--sbatch_json"));
        Assert.Equal(["-odd", "word"], command);
    }

    [Fact]
    public void Without_a_config_file_it_is_wrong_usage() => Assert.NotEmpty(Read("python", "main.py").Parsed.Errors);
}
