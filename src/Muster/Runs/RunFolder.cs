using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>What a launcher answered.</summary>
public abstract record LaunchAnswer
{
    private LaunchAnswer() { }

    public sealed record Launched(JobHandle Handle) : LaunchAnswer;

    /// <summary>The request to cancel was there first; it will never start.</summary>
    public sealed record Cancelled : LaunchAnswer;

    /// <summary>The scheduler positively does not want it.</summary>
    public sealed record Refused(string Said) : LaunchAnswer;

    /// <summary>Nobody knows yet: no clear answer, or another launcher is at it. Asking again is safe.</summary>
    public sealed record Unclear(string Said) : LaunchAnswer;

    /// <summary>The folder is not complete.</summary>
    public sealed record Unstaged : LaunchAnswer;

    /// <summary>
    /// What several hosts answered of one run: launched when all have, and as unclear as the least clear of them.
    /// </summary>
    public static LaunchAnswer Together(IReadOnlyList<LaunchAnswer> answers) =>
        answers.OfType<Refused>().FirstOrDefault() as LaunchAnswer
        ?? answers.OfType<Unclear>().FirstOrDefault() as LaunchAnswer
        ?? answers.OfType<Unstaged>().FirstOrDefault()
        ?? (answers.All(answer => answer is Cancelled) ? answers[0] : answers.OfType<Launched>().First());

    public static LaunchAnswer Read(string output, string said)
    {
        var line =
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault()
            ?? "";
        return line.Split(' ', 2) switch
        {
            ["launched", var handle] when handle.Length > 0 => new Launched(new(handle)),
            ["cancelled"] => new Cancelled(),
            ["refused"] => new Refused(said),
            ["unstaged"] => new Unstaged(),
            _ => new Unclear(said.Length > 0 ? said : line),
        };
    }
}

/// <summary>The folders of runs on one host: how they are launched, looked at, followed and cancelled.</summary>
public sealed class RunFolder(IHost host, string root)
{
    /// <summary>The text that launches, for the end of the delivery or by itself.</summary>
    public static ShellText Launch(string root, string folder) =>
        ShellText.Of($"{Expand(root)}\nsh \"$root\"/runs/{folder}/launch start");

    public async Task<LaunchAnswer> LaunchAsync(string folder, CancellationToken ct)
    {
        var answer = await host.RunAsync(Launch(root, folder), ct);
        return answer.ExitCode == 127 ? new LaunchAnswer.Unstaged() : LaunchAnswer.Read(answer.Output, answer.Said);
    }

    /// <summary>
    /// Begins the next attempt of a run, if nobody has yet. What the launcher answers is seen by the next look.
    /// </summary>
    public Task AgainAsync(Run run, int? memory, CancellationToken ct)
    {
        var (number, begun, before) = (run.Attempts.Count, Attempt.Begun(run.Attempts), run.Attempts[^1]);
        return host.RunAsync(
            ShellText.Of(
                $"{Expand(root)}\nsh \"$root\"/runs/{run.Id.ToString()}/launch again {number} {before.Outcome.Word()} {
                    begun
                } {memory ?? 0} {SafeText.OneLine(before.Text)}"
            ),
            ct
        );
    }

    /// <summary>Removes what may hold secrets: the values of its environment, and where its end is told.</summary>
    public Task ForgetEnvironmentAsync(string folder, CancellationToken ct) =>
        host.RunAsync(
            ShellText.Of($"{Expand(root)}\ncd \"$root\"/runs/{folder} && rm -f env.sh notices notices.*"),
            ct
        );

    /// <summary>
    /// Leaves the request to cancel where every launcher and supervisor looks for it, and stops what is there.
    /// </summary>
    public async Task<LaunchAnswer> CancelAsync(string folder, bool hard, CancellationToken ct)
    {
        var answer = await host.RunAsync(
            ShellText.Of(
                $$"""
                {{Expand(root)}}
                umask 077
                mkdir -p "$root"/runs/{{folder}}/status || exit 1
                cd "$root"/runs/{{folder}} || exit 1
                if [ -f launch ] && [ -f common.sh ] && [ -f scheduler.sh ] && [ -f plan.sh ]; then exec sh ./launch cancel {{(
                    hard ? "hard" : ""
                )}}; fi
                echo "time=$(date +%s)" >status/.cancel.$$ && mv -f status/.cancel.$$ status/cancel && echo cancelled
                """
            ),
            ct
        );
        return answer.ExitCode == 0
            ? LaunchAnswer.Read(answer.Output, answer.Said)
            : throw new UserException(
                $"{host.Name}: the cancel request could not be written: {answer.Said}",
                $"Check that {root} is writable there: `muster sites check`."
            );
    }

    public async Task<IReadOnlyDictionary<string, RunFacts>> LookAsync(
        IEnumerable<string> folders,
        CancellationToken ct
    )
    {
        var look = WithFull(ShellText.Script("Runs/Remote/look.sh", [root, .. folders]));
        var output = await host.GetAsync(look, "looking at the runs", ct);
        return LookReader.Read(output);
    }

    /// <summary>Opens the stream of what is new; see <c>follow.sh</c> for its frames.</summary>
    public Task<ShellChannel> FollowAsync(
        string folder,
        bool once,
        IEnumerable<KeyValuePair<string, long>> offsets,
        CancellationToken ct
    ) =>
        host.OpenAsync(
            WithFull(
                ShellText.Script(
                    "Runs/Remote/follow.sh",
                    [
                        root,
                        folder,
                        .. once ? ["once"] : Array.Empty<string>(),
                        .. offsets.Select(pair => $"{pair.Key}={pair.Value}"),
                    ]
                )
            ),
            ct
        );

    /// <summary>A script that can tell a full disk.</summary>
    internal static ShellText WithFull(ShellText script) =>
        ShellText.Of($"{ShellText.Script("Runs/Remote/full.sh")}\n{script}");

    /// <summary>
    /// The plans of all runs on the site: each a line with its folder's name, then the plan, then a NUL. One of over a
    /// megabyte is left out.
    /// </summary>
    public Task<string> PlansAsync(CancellationToken ct) =>
        host.GetAsync(
            ShellText.Of(
                $$"""
                {{Expand(root)}}
                for plan in "$root"/runs/*/run.json; do
                  [ -f "$plan" ] || continue
                  folder=${plan%/run.json}
                  printf '%s\n' "${folder##*/}" | tr -d '\000'
                  [ "$(wc -c <"$plan")" -gt 1000000 ] || tr -d '\000' <"$plan"
                  printf '\0'
                done
                """
            ),
            "reading the plans of the runs",
            ct
        );

    /// <summary>A quoted `~` stays as it is, so the host puts its home in by itself.</summary>
    internal static ShellText Expand(string root) =>
        ShellText.Of($$"""root={{root}}; case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac""");
}
