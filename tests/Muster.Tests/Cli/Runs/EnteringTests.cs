using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Muster.Cli.Runs;

/// <summary>The program itself, which enters a run behind a real sshd.</summary>
public sealed class EnteringTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("muster-enter-").FullName;
    private readonly LoopbackSshd _sshd;

    public EnteringTests()
    {
        _sshd = new(Directory.CreateDirectory(Path.Combine(_home, "sshd")).FullName);
        Directory.CreateDirectory(Path.Combine(_home, "code"));
        File.WriteAllText(Path.Combine(_home, "code", "main.sh"), "echo hello\n");
        File.WriteAllText(
            Path.Combine(_home, "muster.yaml"),
            $"""
            default-site: far
            sites:
              far:
                kind: ssh
                hosts: [loop]
                ssh-config: {_sshd.Config}
                root: {_home}/root
                setup: export FROM_SETUP="it's set"
                slots:
                  cpus: 4

            """
        );
    }

    public void Dispose()
    {
        Muster("cancel", "train", "--yes");
        Muster("wait", "train");
        BreakLinks();
        _sshd.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public void A_command_finds_the_place_the_variables_and_the_input_of_the_run()
    {
        Start("--env", "LEVEL=a b", "--", "sh", "-c", "sleep 300");

        var inside = Muster(
            "exec",
            "train",
            "--",
            "sh",
            "-c",
            "pwd; printf '%s|%s|%s' \"$FROM_SETUP\" \"$LEVEL\" \"$MUSTER_RANK\"; echo told >&2; exit 3"
        );
        Assert.Equal((3, "told\n"), (inside.Code, inside.Said));
        var lines = inside.Output.Split('\n');
        Assert.EndsWith("/code", lines[0], StringComparison.Ordinal);
        Assert.Equal("it's set|a b|0", lines[1]);

        Assert.Equal("piped", Run(MusterProgram.Path, ["exec", "-i", "train", "--", "cat"], "piped").Output);
        var refused = Run(MusterProgram.Path, ["exec", "train", "--", "cat"], "piped");
        Assert.Equal(2, refused.Code);
        Assert.Contains("--stdin", refused.Said, StringComparison.Ordinal);

        var events = Muster("exec", "--json", "train", "--", "sh", "-c", "printf out; exit 4")
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.Equal("out", events[0].GetProperty("text").GetString());
        Assert.Equal(4, events[^1].GetProperty("code").GetInt32());
    }

    [Fact]
    public void What_was_started_beside_a_run_ends_when_nobody_listens()
    {
        Start("--", "sleep", "300");
        var mark = $"33{Random.Shared.Next(100_000, 999_999)}";
        using var client = Begin(MusterProgram.Path, ["exec", "train", "--", "sleep", mark], null);
        Until(() => Run("pgrep", ["-f", $"^sleep {mark}"], null).Code == 0);
        client.Kill();
        Until(() => Run("pgrep", ["-f", $"^sleep {mark}"], null).Code == 1);
        Assert.Equal("running", Show("state"));
    }

    [Fact]
    public void A_command_on_all_ranks_says_which_said_what_and_ends_with_the_highest_code()
    {
        Start("--array", "0-2", "--", "sh", "-c", "[ $MUSTER_RANK = 1 ] || sleep 300");
        string[] command = ["--", "sh", "-c", "echo $MUSTER_RANK; printf no-end; echo told >&2; exit $MUSTER_RANK"];
        Answer all;
        do all = Muster(["exec", "train", "--all", .. command]);
        while (!all.Said.Contains("on 2 of 3 ranks", StringComparison.Ordinal));

        Assert.Equal(2, all.Code);
        Assert.Equal(
            ["main.0 | 0", "main.0 | no-end", "main.2 | 2", "main.2 | no-end"],
            all.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)
        );
        Assert.Contains("main.2 | told\n", all.Said, StringComparison.Ordinal);
        Assert.Contains("main.2: code 2", all.Said, StringComparison.Ordinal);

        var events = Muster(["exec", "train", "--role", "main", "--json", .. command])
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.Equal(
            ["main.0 0", "main.2 2"],
            events
                .Where(one => one.GetProperty("event").GetString() == "exit" && one.TryGetProperty("name", out _))
                .Select(one => $"{one.GetProperty("name")} {one.GetProperty("code")}")
                .Order(StringComparer.Ordinal)
        );
        Assert.Equal(2, events[^1].GetProperty("code").GetInt32());
        Assert.False(events[^1].TryGetProperty("name", out _));
    }

    [Fact]
    public void Files_go_out_and_in_and_nothing_is_written_over_in_silence()
    {
        Start("--", "sh", "-c", "mkdir -p \"$MUSTER_OUT/sub\"; echo 1 >\"$MUSTER_OUT/sub/a b\"; sleep 300");
        var here = Path.Combine(_home, "code");
        Until(() => Muster("cp", "train:out/sub", ".").Code == 0);
        Assert.Equal("1\n", File.ReadAllText(Path.Combine(here, "sub", "a b")));

        File.WriteAllText(Path.Combine(here, "sub", "a b"), "mine\n");
        var kept = Muster("cp", "train:out/sub", ".");
        Assert.Equal(1, kept.Code);
        Assert.Contains("sub/a b", kept.Said, StringComparison.Ordinal);
        Assert.Equal("mine\n", File.ReadAllText(Path.Combine(here, "sub", "a b")));

        var back = Muster("cp", "sub", "train:out/");
        Assert.Equal(1, back.Code);
        Assert.Equal("1\n", Muster("exec", "train", "--", "sh", "-c", "cat \"$MUSTER_OUT/sub/a b\"").Output);
        Assert.Equal(0, Muster("cp", "--force", "sub", "train:out/").Code);
        Assert.Equal("mine\n", Muster("exec", "train", "--", "sh", "-c", "cat \"$MUSTER_OUT/sub/a b\"").Output);
        Assert.Contains("1 file already there", Muster("cp", "sub", "train:out").Said, StringComparison.Ordinal);
        Assert.Equal(0, Muster("cp", "main.sh", "train:in/new/other.sh").Code);
        Assert.Equal(
            "echo hello\n",
            Muster("exec", "train", "--", "sh", "-c", "cat \"$MUSTER_IN/new/other.sh\"").Output
        );
    }

    [Fact]
    public void An_editor_gets_there_by_the_entry_that_is_written()
    {
        Start("--", "sleep", "300");
        var entry = JsonDocument
            .Parse(Muster("ssh-config", "--json", "--write", "train").Output)
            .RootElement.GetProperty("hosts")[0];
        Assert.Equal("train.muster", entry.GetProperty("host").GetString());
        var folder = entry.GetProperty("folder").GetString()!;
        var said = Run(
            "ssh",
            ["-F", Path.Combine(_home, ".ssh", "muster_config"), "train.muster", $"cat '{folder}/main.sh'"],
            null
        );
        Assert.Equal((0, "echo hello\n"), (said.Code, said.Output));
    }

    [Fact]
    public void A_run_s_terminal_outlives_a_broken_link_and_whoever_sat_at_it()
    {
        using (var first = new Seat(this, "submit --tty --no-fetch --name train -- sh"))
        {
            first.Sees("attached");
            first.Types("test -t 0 && stty size && echo $((20 + 1))x\r");
            first.Sees("21x");
            BreakLinks();
            first.Sees("trying again");
            // What is typed into the gap is lost, so it is typed until it is seen.
            first.TypesUntil("echo $((21 + 1))x\r", "22x");
            // Once it runs, as a terminal forgets what was typed before Ctrl-C.
            first.Types("sh -c 'echo $((40 + 2))y; exec sleep 300'\r");
            first.Sees("42y");
            first.Types("\u0003");
            first.TypesUntil("echo $((22 + 1))x\r", "23x");
            first.Types("\u0010\u0011");
            Assert.Equal(0, first.End());
        }
        Assert.Equal("running", Show("state"));

        using var second = new Seat(this, "attach --no-fetch train");
        second.Sees("23x");
        second.Types("exit 7\r");
        Assert.Equal(7, second.End());
        Assert.Contains("exited with 7", Muster("show", "train").Output, StringComparison.Ordinal);
        Assert.Contains("21x", Muster("logs", "train").Output, StringComparison.Ordinal);
    }

    private void BreakLinks()
    {
        foreach (var socket in Directory.GetFiles(Path.Combine(_home, "muster")).Where(file => !file.Contains('.')))
            Run("ssh", ["-o", $"ControlPath={socket}", "-O", "exit", "loop"], null);
    }

    /// <summary>Somebody at a terminal in which muster runs.</summary>
    private sealed class Seat : IDisposable
    {
        private readonly Process _script;
        private readonly StringBuilder _shown = new();

        public Seat(EnteringTests home, string words)
        {
            var start = home.StartInfo(
                "script",
                ["-q", "-f", "-e", "-c", $"'{MusterProgram.Path}' {words}", "/dev/null"]
            );
            _script = Process.Start(start)!;
            _ = Task.Run(() =>
            {
                var buffer = new char[4096];
                while (_script.StandardOutput.Read(buffer) is > 0 and var read)
                    lock (_shown)
                    {
                        _shown.Append(buffer, 0, read);
                        Monitor.PulseAll(_shown);
                    }
            });
        }

        public void Types(string keys)
        {
            _script.StandardInput.Write(keys);
            _script.StandardInput.Flush();
        }

        public void Sees(string text) => Assert.True(Sees(text, TimeSpan.FromMinutes(2)), $"no '{text}' in: {Shown()}");

        /// <summary>Types it again and again, where it may have been lost, until it is answered.</summary>
        public void TypesUntil(string keys, string text)
        {
            var began = Stopwatch.GetTimestamp();
            do
            {
                Assert.True(Stopwatch.GetElapsedTime(began).TotalMinutes < 2, $"no '{text}' in: {Shown()}");
                Types(keys);
            } while (!Sees(text, TimeSpan.FromMilliseconds(300)));
        }

        private bool Sees(string text, TimeSpan patience)
        {
            var began = Stopwatch.GetTimestamp();
            lock (_shown)
            {
                while (!Shown().Contains(text, StringComparison.Ordinal))
                    if (
                        patience - Stopwatch.GetElapsedTime(began) is not { Ticks: > 0 } left
                        || !Monitor.Wait(_shown, left)
                    )
                        return Shown().Contains(text, StringComparison.Ordinal);
                return true;
            }
        }

        private string Shown()
        {
            lock (_shown)
                return _shown.ToString();
        }

        public int End()
        {
            Assert.True(_script.WaitForExit(TimeSpan.FromMinutes(2)), $"it does not end: {Shown()}");
            return _script.ExitCode;
        }

        public void Dispose()
        {
            if (!_script.HasExited)
                _script.Kill(entireProcessTree: true);
            _script.WaitForExit();
            _script.Dispose();
        }
    }

    private void Start(params IEnumerable<string> words)
    {
        var said = Muster(["submit", "--detach", "--name", "train", .. words]);
        Assert.True(said.Code == 0, said.Said);
        Assert.Equal(0, Muster("wait", "train", "--for", "running", "--timeout", "60s").Code);
    }

    private string Show(string field) =>
        JsonDocument.Parse(Muster("show", "train", "--json").Output).RootElement.GetProperty(field).GetString()!;

    private static void Until(Func<bool> done)
    {
        // each look runs a program, so nothing spins
        for (var began = Stopwatch.GetTimestamp(); !done(); )
            Assert.True(Stopwatch.GetElapsedTime(began).TotalMinutes < 2, "it never came");
    }

    private Answer Muster(params IEnumerable<string> words) => Run(MusterProgram.Path, words, null);

    private Answer Run(string program, IEnumerable<string> words, string? input)
    {
        using var process = Begin(program, words, input);
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new(process.ExitCode, output, errors.Result);
    }

    private Process Begin(string program, IEnumerable<string> words, string? input)
    {
        var process = Process.Start(StartInfo(program, words))!;
        if (input is not null)
            process.StandardInput.Write(input);
        process.StandardInput.Close();
        return process;
    }

    private ProcessStartInfo StartInfo(string program, IEnumerable<string> words)
    {
        var start = new ProcessStartInfo(program, words)
        {
            WorkingDirectory = Path.Combine(_home, "code"),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (
            var name in start
                .Environment.Keys.Where(name =>
                    name.StartsWith("MUSTER", StringComparison.Ordinal)
                    || name.StartsWith("XDG", StringComparison.Ordinal)
                )
                .ToList()
        )
            start.Environment.Remove(name);
        start.Environment["HOME"] = _home;
        start.Environment["XDG_RUNTIME_DIR"] = _home;
        start.Environment["MUSTER_CONFIG"] = Path.Combine(_home, "muster.yaml");
        return start;
    }

    private sealed record Answer(int Code, string Output, string Said);
}
