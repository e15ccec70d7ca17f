namespace Muster;

/// <summary>A run inside an image: rootless Podman and Docker for real; Apptainer and Singularity, which Debian does not have, by a program that checks its words.</summary>
public sealed class ContainerRunTests : IDisposable
{
    private const string Image = "localhost/muster-lab:1";
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    public static TheoryData<string, string> Engines => new() { { "podman", "node1" }, { "docker", "node2" } };

    [Theory, MemberData(nameof(Engines))]
    public void The_command_runs_inside_with_its_words_its_folders_and_its_secrets(string engine, string host)
    {
        Use(engine, host);
        _lab.Set("API_TOKEN", "opensesame-7733");
        string[] words = ["a  b", "", "$HOME", "it's", "line\nfeed", "*", "-n"];

        var answer = _lab.Muster(["submit", "-s", "boxes", "--host", host, "--name", "boxed", "--output", "made", "--input", "file:given", "--env", "API_TOKEN", "--env", "PLAIN=two  words", "--container", Image, "--",
            "sh", "-c", "[ ! -e /usr/share ] && cat file; printf '%s|' \"$API_TOKEN\" \"$PLAIN\" \"$MUSTER_RANK\" \"$@\"; echo x >made; echo y >$MUSTER_OUT/other; echo z >$MUSTER_IN/mine; exit 7", "sh", .. words]);

        Assert.True(answer.ExitCode == 7, answer.Output + answer.Said);
        Assert.Equal("edited\nopensesame-7733|two  words|0|" + string.Concat(words.Select(word => word + "|")), answer.Output);
        var run = Lab.On(host, $"cd ~/.muster/runs/{Id("boxed")} && stat -c '%U %n' code/made out/made out/other in/mine");
        Assert.Equal("muster-lab code/made\nmuster-lab out/made\nmuster-lab out/other\nmuster-lab in/mine\n", run);
    }

    [Theory, MemberData(nameof(Engines))]
    public void A_secret_stands_on_no_command_line_and_cancel_ends_what_runs_inside(string engine, string host)
    {
        Use(engine, host);
        _lab.Muster("submit", "-s", "boxes", "--host", host, "--name", "boxed", "--no-snapshot", "--detach", "--env", "API_TOKEN=opensesame-7734", "--container", Image, "--", "sh", "-c", "sleep 411 & sleep 412");
        Lab.Until(() => Inside().Length == 2, "both processes run inside");
        Assert.Equal("0", Lab.Do("exec", host, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -c '^opensesame\\|=opensesam[e]' || :").Trim());

        _lab.Muster("cancel", "boxed");
        _lab.Muster("wait", "boxed", "--timeout", "60s");

        Assert.Equal("cancelled", SubmitTests.Show(_lab, "boxed").GetProperty("outcome").GetString());
        Lab.Until(() => Inside().Length == 0, "nothing is left inside", 5);
        Lab.Until(() => Lab.On(host, $"DOCKER_HOST=unix:///run/muster-lab/docker.sock {engine} ps -aq").Length == 0, "the engine has no container left", 10);

        string[] Inside() => Lab.Do("exec", host, "sh", "-c", "pgrep -f '^sleep 41[12]' || :").Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [Theory]
    [InlineData("apptainer", "exec --bind RUN --pwd RUN/code image.sif sh -c echo \"$SECRET\" x y", "--container", "image.sif")]
    [InlineData("singularity", "exec --bind RUN --pwd RUN/code --nv docker://some/image:1 sh -c echo \"$SECRET\" x y", "--container", "some/image:1", "--gpus", "1")]
    public void What_is_not_here_gets_the_words_it_knows(string engine, string words, params string[] options)
    {
        Site(null, "node3", "PATH=$HOME/stand-in:$PATH; export PATH; CUDA_VISIBLE_DEVICES=0; export CUDA_VISIBLE_DEVICES");
        Lab.On("node3", $"mkdir -p stand-in && printf '%s\\n' '#!/bin/sh' 'echo \"$*\" >>~/stand-in/said' 'while [ \"$1\" != sh ]; do shift; done; exec \"$@\"' >stand-in/{engine} && chmod +x stand-in/{engine} && rm -f stand-in/said");

        var answer = _lab.Muster(["submit", "-s", "boxes", "--host", "node3", "--name", "boxed", "--no-snapshot", "--env", "SECRET=s3", .. options, "--", "sh", "-c", "echo \"$SECRET\"", "x", "y"]);

        var said = Lab.On("node3", "cat stand-in/said; rm -rf stand-in").TrimEnd().Replace($"/home/muster-lab/.muster/runs/{Id("boxed")}", "RUN", StringComparison.Ordinal);
        Assert.Equal((0, "s3\n"), (answer.ExitCode, answer.Output));
        Assert.Equal(words, said);
    }

    private string Id(string name) => SubmitTests.Show(_lab, name).GetProperty("id").GetString()!;

    private void Use(string engine, string host)
    {
        Lab.Do("image", host, engine);
        Site(engine, host, "DOCKER_HOST=unix:///run/muster-lab/docker.sock; export DOCKER_HOST");
    }

    private void Site(string? engine, string host, string setup)
    {
        var file = Path.Combine(_lab.Folder, "muster.yaml");
        File.WriteAllText(file, $"sites:\n  boxes:\n    kind: ssh\n    ssh-config: {Lab.Folders}/ssh_config\n    hosts: [{host}]\n    setup: '{setup}'\n{(engine is null ? "" : $"    runtime: {engine}\n")}");
        _lab.Set("MUSTER_CONFIG", file);
    }
}
