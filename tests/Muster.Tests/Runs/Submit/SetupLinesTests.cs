using System.Diagnostics;

namespace Muster.Runs.Submit;

/// <summary>The head of a real job under each shell that may run it.</summary>
public sealed class SetupLinesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-setup-");

    public static TheoryData<string> Shells => ["bash", "sh", "busybox sh"];

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory, MemberData(nameof(Shells))]
    public void What_it_sets_reaches_the_command_whatever_its_lines_look_like(string shell)
    {
        File.WriteAllText(
            Path.Combine(_folder.FullName, "activate"),
            "export VENV=on\n[ -z \"$NEVER\" ] || export VENV=off\n"
        );
        var (code, said) = Run(
            shell,
            """
            # it's a remark

            . ./activate; PART=one
            greet() {
              echo "hello $1"
              # not the end
            }
            export GREETING=$(greet there) \
              MORE='two words'
            case $PART in
              one) export CASE='it is
            one' ;;
            esac
            export TEXT=$(cat <<'END'
            } a here-document {
            END
            )
            if [ -n "$VENV" ] &&
               [ -n "$GREETING" ]
            then export BOTH=yes
            fi
            [ 1 = 1 ] || false
            cd sub
            # a last remark
            """
        );

        Assert.Equal((0, "on|hello there|two words|it is\none|} a here-document {|yes|sub\n"), (code, said));
        Assert.False(File.Exists(Path.Combine(_folder.FullName, ".setup.main.0")));
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public void A_line_that_fails_keeps_the_command_from_starting(string shell, string lines, int number)
    {
        var (code, said) = Run(shell, lines);

        Assert.DoesNotContain("|", said, StringComparison.Ordinal);
        Assert.StartsWith(
            $"setup line {number}: ",
            File.ReadAllText(Path.Combine(_folder.FullName, ".setup.main.0")),
            StringComparison.Ordinal
        );
        Assert.True(code != 0 || lines.Contains("exit 0", StringComparison.Ordinal));
    }

    public static TheoryData<string, string, int> Failures
    {
        get
        {
            var data = new TheoryData<string, string, int>();
            foreach (var shell in (string[])["bash", "sh", "busybox sh"])
            {
                data.Add(shell, "A=1\n. ./no-such-file", 2);
                data.Add(shell, "no-such-program --here\ntrue", 1);
                data.Add(shell, "f() {\n  return 3\n}\nf", 4);
                data.Add(shell, "true\nexit 0", 2);
                data.Add(shell, "set -e\nfalse\ntrue", 2);
                data.Add(shell, "true\nif true; the\necho x", 2);
                data.Add(shell, "set -eu\necho $UNSET_VARIABLE", 2);
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(Shells))]
    public void Where_errors_are_ignored_they_are_told_and_the_command_starts(string shell)
    {
        var (code, said) = Run(shell, "no-such-program --here\nexport VENV=on\ncd sub", ignore: true);

        Assert.Equal((0, "on||||||sub\n"), (code, said));
    }

    private (int Code, string Said) Run(string shell, string lines, bool ignore = false)
    {
        var text = SetupLines.Of(lines.ReplaceLineEndings("\n").Split('\n'), ignore);
        _folder.CreateSubdirectory("sub");
        File.WriteAllText(
            Path.Combine(_folder.FullName, "job"),
            $$"""
            {{text}}
            exec sh -c 'printf "%s|%s|%s|%s|%s|%s|%s\n" "$VENV" "$GREETING" "$MORE" "$CASE" "$TEXT" "$BOTH" "${PWD##*/}"'
            """.ReplaceLineEndings("\n")
        );
        string[] words = shell.Split(' ');
        var start = new ProcessStartInfo(words[0], [.. words[1..], "job"])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (
            var (name, value) in new[]
            {
                ("MUSTER_STATUS", _folder.FullName),
                ("MUSTER_ROLE", "main"),
                ("MUSTER_RANK", "0"),
            }
        )
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (ignore)
            Assert.Contains("setup line 1 ended with 127", errors.Result, StringComparison.Ordinal);
        return (process.ExitCode, said);
    }
}
