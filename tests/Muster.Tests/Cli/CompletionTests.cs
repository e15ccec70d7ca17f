using Muster.Configuration;
using Muster.Runs;
using Muster.Sites;
using Muster.Sites.Reading;

namespace Muster.Cli;

public sealed class CompletionTests
{
    private static readonly Site[] Sites =
    [
        new SshSite
        {
            Name = "lab",
            Origin = Origin.BuiltIn,
            Hosts = ["gpu1", "gpu2"],
        },
        new LocalSite { Name = "local", Origin = Origin.BuiltIn },
    ];

    private static readonly Run[] Runs =
    [
        new()
        {
            Plan = new()
            {
                Id = new(Guid.Parse("0195500a-0000-7000-8000-000000000000")),
                Name = "trial",
                Site = "lab",
                Command = ["x"],
                WorkingFolder = "/w",
            },
            Created = DateTimeOffset.UnixEpoch,
            Tags = ["paper"],
        },
    ];

    private static readonly JobDraft[] Jobs = [new("train", null, new("muster.yaml", 3))];

    private static IEnumerable<string> After(params string[] words) =>
        Completion.For(MusterCommand.Create(words), words, () => Runs, () => Sites, () => Jobs).Select(one => one.Word);

    [Fact]
    public void Commands_come_first_and_hidden_ones_do_not()
    {
        Assert.Contains("submit", After(""));
        Assert.DoesNotContain("complete", After(""));
        Assert.Equal(["check"], After("sites", "c"));
    }

    [Fact]
    public void Runs_are_completed_by_name_and_once_begun_by_id()
    {
        Assert.Equal(["trial", "last"], After("show", ""));
        Assert.Equal(["0195500a-0000-7000-8000-000000000000"], After("show", "01"));
        Assert.Equal(["trial"], After("cancel", "a", "b", "t"));
        Assert.Equal(["trial", "last"], After("submit", "--after", ""));
        Assert.Equal(["trial", "last"], After("exec", ""));
        Assert.Equal(["trial", "last", "lab", "local"], After("shell", ""));
    }

    [Fact]
    public void Jobs_come_first_behind_submit_and_their_options_after_them()
    {
        Assert.Equal(["train"], After("submit", ""));
        Assert.Equal(["train"], After("sweep", "--gpus", "1", "t"));
        Assert.Equal(["--gpus"], After("submit", "train", "--gp"));
        Assert.Empty(After("submit", "train", "--", "--gp"));
        Assert.Empty(After("submit", "other", "--gp"));
        Assert.Empty(After("submit", "train", "train", "--gp"));
    }

    [Fact]
    public void Tags_states_and_columns_are_completed_in_lists()
    {
        Assert.Equal(["paper"], After("ps", "--tag", "p"));
        Assert.Equal(["succeeded"], After("ps", "--state", "su"));
        Assert.Equal(["cores", "code"], After("ps", "--sort", "co").OrderDescending());
    }

    [Fact]
    public void Sites_and_hosts_are_completed_where_they_are_expected()
    {
        Assert.Equal(["lab", "local"], After("sites", "check", ""));
        Assert.Equal(["lab"], After("submit", "-s", "la"));
        Assert.Equal(["--site=lab"], After("submit", "--site=la"));
        Assert.Equal(["lab"], After("submit", "--site", "=", "la"));
        Assert.Equal(["gpu1", "gpu2"], After("submit", "--host", ""));
    }

    [Fact]
    public void Options_are_those_of_the_command_and_of_all()
    {
        Assert.Equal(["--evidence"], After("show", "--e"));
        Assert.Contains("--json", After("show", "trial", "--"));
        Assert.Equal(["ask", "detach", "cancel"], After("attach", "--on-interrupt", ""));
    }

    [Fact]
    public void The_words_of_the_users_own_command_are_left_to_the_shell()
    {
        Assert.Empty(After("submit", "--", "ls", ""));
        Assert.Empty(After("submit", "-s", "lab", "python", "s"));
    }
}
