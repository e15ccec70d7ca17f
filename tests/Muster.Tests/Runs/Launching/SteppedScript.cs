using System.Diagnostics;

namespace Muster.Runs.Launching;

/// <summary>
/// A script of a run's folder at work in a real sh. It stands still before each step that others can see, until it is
/// told to go on; so scripts can be cut and woven into each other at every step.
/// </summary>
/// <remarks>
/// The script's text is the real one. Before it, the shell reads functions and an alias that put a stop before each
/// look at a file (<c>[ -e … ]</c>) and each change (<c>ln</c>, <c>mv</c>, <c>rm</c>). The scheduler's commands ask
/// the test what to answer. Time stands still, nobody sleeps, and small programs are functions, as starting one takes
/// longest.
/// </remarks>
internal sealed class SteppedScript : IDisposable
{
    private const string Stops = """
        exec 7<&0 8>&1 </dev/null >"$STEPS_SAID" 2>/dev/null
        step() {
          echo "$*" >&8
          read -r told <&7 || told=die
          case $told in
            die) kill -KILL $$; exit 137 ;;
            orphan) kill -KILL $$ ;;
          esac
        }
        stepped_test() {
          case "$1 $2" in '-e '*|'-L '*|'! -e'|'! -L') step "[ $*" ;; esac
          command [ "$@"
        }
        alias [=stepped_test
        mv() { step mv "$@"; command mv "$@"; }
        ln() { step ln "$@"; command ln "$@"; }
        rm() { step rm "$@"; command rm "$@"; }
        touch() { step touch "$@"; for touched in "$@"; do : >"$touched"; done; }
        readlink() { step readlink "$@"; command readlink "$@"; }
        uname() { echo here; }
        nproc() { echo 2; }
        date() { echo 1767225600; }
        dirname() { echo "${1%/*}"; }
        cat() {
          command [ $# = 0 ] || return 0
          while IFS= read -r cat_line; do printf '%s\n' "$cat_line"; done
        }
        head() { :; }
        sync() { :; }
        sleep() { :; }
        timeout() { shift; "$@"; }
        sacct() { return 1; }
        scancel() { step scancel "$@"; }
        squeue() {
          step squeue
          case $told in
            go) ;;
            silent) return 1 ;;
            *) for told in $told; do echo "$told|$(slurm_comment)"; done ;;
          esac
        }
        sbatch() {
          step sbatch
          case $told in
            taken*) echo "${told#taken }" ;;
            refused) echo 'sbatch: error: Batch job submission failed: Invalid partition' >&2; return 1 ;;
            *) echo 'sbatch: error: Socket timed out on send/recv operation' >&2; return 1 ;;
          esac
        }
        . "$STEPS_SCRIPT"
        """;

    private readonly Process _process;
    private readonly string _status;
    private readonly string _said;

    /// <param name="run">The run's folder.</param>
    /// <param name="number">Tells it from the others in that folder.</param>
    /// <param name="job">The job in which it runs.</param>
    public SteppedScript(string run, int number, IReadOnlyList<string> command, int? job = null)
    {
        _status = Path.Combine(run, "status") + "/";
        _said = Path.Combine(run, $"said.{number}");
        var script = Path.Combine(run, command[0]);
        var start = new ProcessStartInfo("sh", ["-c", Stops, script, .. command.Skip(1)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["STEPS_SAID"] = _said;
        start.Environment["STEPS_SCRIPT"] = script;
        if (job is { } id)
            start.Environment["SLURM_JOB_ID"] = $"{id}";
        _process = Process.Start(start)!;
        Stop();
    }

    /// <summary>What it is about to do; null when it has ended.</summary>
    public string? At { get; private set; }

    /// <summary>The last line of what it has said; empty when it was killed before.</summary>
    public string Said { get; private set; } = "";

    /// <summary>Takes the step.</summary>
    /// <param name="reply">Of the scheduler, where the step is one of its commands.</param>
    public void Go(string reply = "go")
    {
        _process.StandardInput.Write(reply + "\n");
        _process.StandardInput.Flush();
        Stop();
    }

    /// <summary>Kills it before the step, with everything it has started.</summary>
    public void Die()
    {
        while (At is not null)
            Go("die");
    }

    /// <summary>Kills the shell alone: what it waits for, it leaves behind.</summary>
    public void Orphan() => Go("orphan");

    public void Dispose()
    {
        Die();
        _process.Dispose();
    }

    private void Stop()
    {
        At = _process.StandardOutput.ReadLine()?.Replace(_status, "", StringComparison.Ordinal);
        if (At is not null)
            return;
        _process.WaitForExit();
        Said = File.ReadLines(_said).LastOrDefault("");
    }
}
