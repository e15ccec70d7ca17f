using System.Text.Json;

namespace Muster;

[Collection(Sharing.Nodes)]
public sealed class SubmitTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    public static TheoryData<string> Sites => new("local", "lab-ssh", "lab-slurm");

    [Theory, MemberData(nameof(Sites))]
    public void The_code_runs_as_it_stands_here_and_its_results_come_home(string site)
    {
        var answer = _lab.Muster(
            "submit",
            "-s",
            site,
            "--name",
            "trip",
            "--output",
            "made/*",
            "--",
            "sh",
            "-c",
            "cat file; mkdir made; printf '\\377\\0x' > 'made/a b'; echo told >&2; exit 3"
        );

        Assert.Equal((3, "edited\n"), (answer.ExitCode, answer.Output));
        Assert.Contains("told", answer.Said, StringComparison.Ordinal);
        Assert.Equal(
            [255, 0, (byte)'x'],
            File.ReadAllBytes(Path.Combine(_lab.Code, "muster-out", "trip", "made", "a b"))
        );
        Assert.Equal("M file", _lab.Shell("git status --short").Trim());
    }

    [Theory, MemberData(nameof(Sites))]
    public void Every_word_arrives_as_it_was_typed(string site)
    {
        string[] words =
        [
            "a  b",
            "",
            "$HOME",
            "`id`",
            "it's",
            "\"q\"",
            "line\nfeed",
            "ü",
            "*",
            "\\",
            "!x",
            "-n",
            "--",
            "a;b|c&d>e",
        ];

        var answer = _lab.Muster(["submit", "-s", site, "--no-snapshot", "--", "printf", "<%s>", .. words]);

        Assert.Equal(string.Concat(words.Select(word => $"<{word}>")), answer.Output);
    }

    [Theory]
    [InlineData("lab-bb")]
    [InlineData("lab-csh")]
    [InlineData("lab-banner")]
    public void Any_login_shell_and_BusyBox_alone_will_do(string site)
    {
        var answer = _lab.Muster(
            "submit",
            "-s",
            site,
            "--name",
            "plain",
            "--output",
            "result",
            "--",
            "sh",
            "-c",
            "cat file; echo found > result; exit 5"
        );

        Assert.Equal((5, "edited\n"), (answer.ExitCode, answer.Output));
        Assert.Equal("found\n", File.ReadAllText(Path.Combine(_lab.Code, "muster-out", "plain", "result")));
        Assert.Equal(
            (5, "edited\n"),
            (_lab.Muster("attach", "plain", "--no-fetch") is var again ? again.ExitCode : 0, again.Output)
        );
    }

    [Theory, MemberData(nameof(Sites))]
    public void A_command_that_is_not_there_ends_with_127_and_one_that_cannot_run_with_126(string site)
    {
        Assert.Equal(127, _lab.Muster("submit", "-s", site, "--", "no-such-command").ExitCode);
        Assert.Equal(126, _lab.Muster("submit", "-s", site, "--", "./file").ExitCode);
    }

    [Theory]
    [InlineData("lab-ssh", "node1")]
    [InlineData("lab-slurm", "login")]
    public void A_secret_is_seen_by_the_command_and_left_nowhere(string site, string host)
    {
        _lab.Set("API_TOKEN", "opensesame-7731");

        var answer = _lab.Muster([
            "submit",
            "-s",
            site,
            .. host == "node1" ? ["--host", host] : Array.Empty<string>(),
            "--env",
            "API_TOKEN",
            "--",
            "sh",
            "-c",
            "printf %s \"$API_TOKEN\" | wc -c",
        ]);

        Assert.Equal("15", answer.Output.Trim());
        Lab.Until(
            () => Lab.On(host, "grep -rl opensesame-7731 ~/.muster || :").Trim().Length == 0,
            "the secret leaves the run's folder",
            10
        );
        Assert.Equal("", _lab.Shell("grep -rl opensesame-7731 ../state ../cache || :"));
    }

    [Fact]
    public void The_second_submit_sends_only_what_changed_and_uses_the_same_connection()
    {
        _lab.Muster("submit", "-s", "lab-ssh", "--host", "node2", "--", "true");
        var connection = Masters();

        var again = _lab.Muster("submit", "-s", "lab-ssh", "--host", "node2", "--", "true");

        Assert.Contains("sent        0 files", again.Said, StringComparison.Ordinal);
        Assert.Equal(connection, Masters());
        Assert.Single(connection.Split('\n', StringSplitOptions.RemoveEmptyEntries));

        string Masters() => _lab.Shell("pgrep -f \"ControlPath=$XDG_RUNTIME_DIR/[m]uster.* -N node2$\" || :");
    }

    [Fact]
    public void Another_machine_adopts_what_this_one_started()
    {
        _lab.Muster(
            "submit",
            "-s",
            "lab-ssh",
            "--host",
            "node2",
            "--name",
            "foundling",
            "--",
            "sh",
            "-c",
            "echo mine; echo kept > $MUSTER_OUT/kept"
        );
        using var other = new Lab();

        other.Muster("ps", "--adopt", "lab-ssh");

        Assert.Equal("mine\n", other.Muster("logs", "foundling").Output);
        Assert.Equal(0, other.Muster("fetch", "foundling").ExitCode);
        Assert.Equal("kept\n", File.ReadAllText(Path.Combine(other.Code, "muster-out", "foundling", "kept")));
        Assert.Equal("succeeded", Show(other, "foundling").GetProperty("outcome").GetString());
    }

    [Fact]
    public void An_array_runs_each_index_and_a_run_waits_for_another()
    {
        var array = _lab.Muster(
            "submit",
            "-s",
            "lab-slurm",
            "--name",
            "many",
            "--array",
            "0-4%2",
            "--",
            "sh",
            "-c",
            "echo $MUSTER_RANK"
        );
        Assert.Equal(
            ["main.0 | 0", "main.1 | 1", "main.2 | 2", "main.3 | 3", "main.4 | 4"],
            array.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order()
        );

        _lab.Muster(
            "submit",
            "-s",
            "lab-slurm",
            "--name",
            "first",
            "--detach",
            "--",
            "sh",
            "-c",
            "sleep 1; date +%s%N > ~/order-first"
        );
        _lab.Muster(
            "submit",
            "-s",
            "lab-slurm",
            "--name",
            "then",
            "--after",
            "first",
            "--",
            "sh",
            "-c",
            "date +%s%N > ~/order-then"
        );

        Assert.Equal(
            "0",
            Lab.On("login", "[ $(cat order-first) -lt $(cat order-then) ]; echo $?; rm -f order-first order-then")
                .Trim()
        );
    }

    internal static JsonElement Show(Lab lab, string run, params IEnumerable<string> more) =>
        JsonDocument.Parse(lab.Muster(["show", run, "--json", .. more]).Output).RootElement;
}
