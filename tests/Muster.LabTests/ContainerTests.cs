namespace Muster;

/// <summary>
/// Podman is the real one; Apptainer is a stand-in that takes the same words (<c>tests/lab/apptainer</c>).
/// </summary>
[Collection(Sharing.Containers)]
public sealed class ContainerTests : IDisposable
{
    private readonly Lab _lab = new();

    public ContainerTests()
    {
        Lab.Do("containers", "node1");
        var config = Path.Combine(_lab.Folder, "muster.yaml");
        File.WriteAllText(
            config,
            $$"""
            sites:
              podman: { kind: ssh, hosts: [node1], ssh-config: "{{Lab.Folders}}/ssh_config", container: localhost/muster-lab:1, runtime: podman }
              apptainer: { kind: ssh, hosts: [node1], ssh-config: "{{Lab.Folders}}/ssh_config", container: /home/muster-lab/image, setup: "PATH=$HOME/bin:$PATH" }
            """
        );
        _lab.Set("MUSTER_CONFIG", config);
    }

    public void Dispose() => _lab.Dispose();

    public static TheoryData<string> Runtimes => new("podman", "apptainer");

    [Theory, MemberData(nameof(Runtimes))]
    public void A_command_runs_inside_and_its_results_come_home(string site)
    {
        var answer = _lab.Muster(
            "submit",
            "-s",
            site,
            "--name",
            "boxed",
            "--",
            "sh",
            "-c",
            "cat file; ls /inside; echo made > \"$MUSTER_OUT/result\"; exit 5"
        );

        Assert.Equal((5, "edited\n/inside\n"), (answer.ExitCode, answer.Output));
        Assert.Equal("made\n", File.ReadAllText(Path.Combine(_lab.Code, "muster-out", "boxed", "result")));
        Assert.Equal(
            "muster-lab",
            Lab.On(
                    "node1",
                    $"stat -c %U ~/.muster/runs/"
                        + $"{SubmitTests.Show(_lab, "boxed").GetProperty("id").GetString()}/out/result"
                )
                .Trim()
        );
    }

    [Theory, MemberData(nameof(Runtimes))]
    public void Every_word_and_every_value_arrives_as_it_was_given(string site)
    {
        string[] words = ["a  b", "", "$HOME", "it's", "line\nfeed", "ü", "*", "\\", "-n", "--"];
        _lab.Set("API_TOKEN", "open sesame\n7731");

        Assert.Equal(
            string.Concat(words.Select(word => $"<{word}>")),
            _lab.Muster(["submit", "-s", site, "--no-snapshot", "--", "printf", "<%s>", .. words]).Output
        );
        Assert.Equal(
            "open sesame\n7731|2",
            _lab.Muster(
                "submit",
                "-s",
                site,
                "--no-snapshot",
                "--env",
                "API_TOKEN",
                "--env",
                "MORE=2",
                "--",
                "sh",
                "-c",
                "printf %s \"$API_TOKEN|$MORE\""
            ).Output
        );
    }

    [Theory, MemberData(nameof(Runtimes))]
    public void A_secret_stands_on_no_command_line(string site)
    {
        _lab.Set("API_TOKEN", "opensesame-7732");
        _lab.Muster(
            "submit",
            "-s",
            site,
            "--no-snapshot",
            "--name",
            "quiet",
            "--detach",
            "--env",
            "API_TOKEN",
            "--",
            "sleep",
            "60"
        );
        Lab.Until(() => Everything("sleep 60").Length > 0, "it runs");

        Assert.Equal("", Everything("opensesame-7732"));

        _lab.Muster("cancel", "quiet");
    }

    [Theory, MemberData(nameof(Runtimes))]
    public void Cancel_ends_what_runs_inside(string site)
    {
        var mark = $"8.8{Random.Shared.Next(100000, 1000000)}";
        _lab.Muster(
            "submit",
            "-s",
            site,
            "--no-snapshot",
            "--name",
            "held",
            "--detach",
            "--",
            "sh",
            "-c",
            $"trap '' TERM; while :; do sleep {mark}; done"
        );
        Lab.Until(() => Everything($"sleep {mark}").Length > 0, "it runs");

        var answer = _lab.Muster("cancel", "held");

        Assert.True(answer.ExitCode == 0, answer.Said);

        Assert.Equal("", Everything($"sleep {mark}"));
        Assert.Equal("cancelled", SubmitTests.Show(_lab, "held").GetProperty("outcome").GetString());
    }

    [Fact]
    public void The_container_is_told_of_graphics_cards_only_when_some_were_asked_for()
    {
        Assert.Equal(
            "<>",
            _lab.Muster(
                "submit",
                "-s",
                "apptainer",
                "--no-snapshot",
                "--",
                "sh",
                "-c",
                "printf '<%s>' \"$SAW_NV\""
            ).Output
        );
        Assert.Equal(
            "<1>",
            _lab.Muster(
                "submit",
                "-s",
                "apptainer",
                "--gpus",
                "1",
                "--no-snapshot",
                "--",
                "sh",
                "-c",
                "printf '<%s>' \"$SAW_NV\""
            ).Output
        );
    }

    private static string Everything(string text) =>
        Lab.Do(
                "exec",
                "node1",
                "sh",
                "-c",
                $"for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $file 2>/dev/null | grep -F '{text}' | grep -v "
                    + "'for file in'; done; :"
            )
            .Trim();
}
