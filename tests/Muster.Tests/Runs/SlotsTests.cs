using System.Diagnostics;
using Muster.Sites;

namespace Muster.Runs;

/// <summary>What a plain host gives out, to whom, and in which order, by the real scripts.</summary>
public sealed class SlotsTests : IDisposable
{
    private readonly ScriptRoot _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void GPUs_that_strangers_use_are_not_given_out_until_they_are_free()
    {
        var used = Path.Combine(_root.FullName, "used");
        File.WriteAllText(used, "");
        Program(
            "nvidia-smi",
            $"""
            case $1 in
              --query-gpu=index) echo 0; echo 1 ;;
              --query-compute-apps=*) [ ! -e {used} ] || echo GPU-a ;;
              *) echo '0, GPU-a, 3'; echo '1, GPU-b, 3' ;;
            esac
            """
        );
        var one = Launch("echo $CUDA_VISIBLE_DEVICES >$MUSTER_OUT/gpus", gpus: 1);
        Ends(one);
        Assert.Equal("1\n", Out(one, "gpus"));

        var both = Launch("echo $CUDA_VISIBLE_DEVICES $HIP_VISIBLE_DEVICES >$MUSTER_OUT/gpus", gpus: 2);
        Until(() => Queued(both).Contains("lack=1 of 2 GPUs free, it takes 2; 1 used by", StringComparison.Ordinal));
        File.Delete(used);
        Ends(both);
        Assert.Equal("0,1 0,1\n", Out(both, "gpus"));

        var more = Launch("true", gpus: 3);
        Ends(more);
        Assert.Contains("cause=it asks for 3 GPUs, and ", Record(more, "main.0.exit"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_dead_supervisor_has_left_behind_still_holds_its_slots()
    {
        var slots = new HostSlots(2, null, 1);
        var first = Launch("touch $MUSTER_OUT/on; while [ ! -e $MUSTER_OUT/enough ]; do sleep 0.1; done", 1, slots);
        Until(() => File.Exists(Path.Combine(_root.Folder(first), "out", "on")));
        var next = Launch("true", 1, slots);
        Until(() => Queued(next).Length > 0);
        ScriptRoot.Sh($"kill -9 $(sed -n 's/^pid=//p' {_root.Folder(first)}/status/main.0.started)");
        Until(() =>
            ScriptRoot
                .Sh($"kill -0 $(sed -n 's/^pid=//p' {_root.Folder(first)}/status/main.0.started) 2>&1 || :")
                .Length > 0
        );
        Assert.Equal("place 1 1", Look(Path.GetFileName(Directory.GetFiles(Line(), "wait.*").Single()), "2:8000:1"));
        Assert.False(File.Exists(Path.Combine(_root.Folder(next), "status", "main.0.started")));

        File.WriteAllText(Path.Combine(_root.Folder(first), "out", "enough"), "");
        Ends(next);
        Assert.Empty(Directory.GetFiles(Line(), "*"));
    }

    [Fact]
    public void A_run_that_stands_in_line_is_cancelled_and_never_begins()
    {
        var slots = new HostSlots(1, null, 0);
        var first = Launch("while [ ! -e $MUSTER_OUT/enough ]; do sleep 0.1; done", 0, slots);
        Until(() => File.Exists(Path.Combine(_root.Folder(first), "status", "main.0.started")));
        var next = Launch("touch $MUSTER_OUT/begun", 0, slots);
        Until(() => Queued(next).Contains("place=1\nof=1\nlack=0 of 1 CPUs free", StringComparison.Ordinal));
        ScriptRoot.Sh($"sh {_root.Folder(next)}/launch cancel");
        Ends(next);
        Assert.Contains("reason=cancelled", Record(next, "main.0.exit"), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_root.Folder(next), "out", "begun")));
        File.WriteAllText(Path.Combine(_root.Folder(first), "out", "enough"), "");
        Ends(first);
    }

    [Fact]
    public void A_run_whose_folder_is_removed_leaves_the_line_and_holds_nobody_up()
    {
        var slots = new HostSlots(1, null, 0);
        var first = Launch("while [ ! -e $MUSTER_OUT/enough ]; do sleep 0.1; done", 0, slots);
        Until(() => File.Exists(Path.Combine(_root.Folder(first), "status", "main.0.started")));
        var removed = Launch("true", 0, slots);
        Until(() => Queued(removed).Length > 0);
        var last = Launch("true", 0, slots);
        Until(() => Queued(last).Contains("place=2", StringComparison.Ordinal));
        ScriptRoot.Sh($"until rm -rf {_root.Folder(removed)}; do :; done");
        Until(() => Directory.GetFiles(Line(), "wait.*").Length == 1);
        File.WriteAllText(Path.Combine(_root.Folder(first), "out", "enough"), "");
        Ends(last);
        Assert.Empty(Directory.GetFiles(Line(), "*"));
    }

    [Fact]
    public void A_cancelled_array_ends_with_the_indices_that_nobody_has_begun()
    {
        var plan = Plan("sleep 100", 0, new(1, null, 0)) with
        {
            Array = new("0-9", [.. Enumerable.Range(0, 10)], null),
        };
        _root.Lay(plan);
        ScriptRoot.Sh($"sh {_root.Folder(plan)}/launch start");
        Until(() => Directory.GetFiles(Path.Combine(_root.Folder(plan), "status"), "*.started").Length == 1);
        ScriptRoot.Sh($"sh {_root.Folder(plan)}/launch cancel");
        Ends(plan);
        Assert.Equal(10, Directory.GetFiles(Path.Combine(_root.Folder(plan), "status"), "*.exit").Length);
    }

    [Theory]
    // Who came first.
    [InlineData("wait.5.a wait.6.b", "a", "turn")]
    [InlineData("held.1.7.cpus=8 wait.5.a wait.6.b", "b", "place 2 2")]
    // Whoever holds less comes first, though later.
    [InlineData("held.1.7.cpus=7 wait.5.a.cpus=1 wait.6.b.user=9.cpus=1", "a", "place 2 2")]
    [InlineData("held.1.7.cpus=7 wait.5.a.cpus=1 wait.6.b.user=9.cpus=1", "b", "turn")]
    // What fits passes what does not, but not one that stands firm.
    [InlineData("held.1.7.cpus=7 wait.5.a.cpus=2 wait.6.b.cpus=1", "b", "turn")]
    [InlineData("held.1.7.cpus=7 firm.5.a.cpus=2 wait.6.b.cpus=1", "b", "place 2 2")]
    // The ranks of a run go together or not at all.
    [InlineData("held.1.7.cpus=5 wait.5.g.cpus=2.group=2 wait.6.g.cpus=2.group=2", "g", "place 1 2")]
    [InlineData("held.1.7.cpus=4 wait.5.g.cpus=2.group=2 wait.6.g.cpus=2.group=2", "g", "turn")]
    [InlineData("wait.5.g.cpus=2.group=2", "g", "place 1 1")]
    // No more of an array than may run at once.
    [InlineData("held.1.r.cpus=1.cap=1 wait.5.r.cpus=1.cap=1", "r", "place 1 1")]
    // The dead count for nothing.
    [InlineData("wait.4.a.dead=1.cpus=8 wait.5.b.cpus=8", "b", "turn")]
    public void The_order_of_the_line(string line, string whose, string answer)
    {
        var process = Environment.ProcessId;
        var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Split('-')[0];
        string? me = null;
        Directory.CreateDirectory(Line());
        foreach (var words in line.Split(' ').Select(entry => entry.Split('.')))
        {
            var said = words.Skip(3).Select(word => word.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
            string Said(string key, string otherwise) => said.GetValueOrDefault(key) ?? otherwise;
            var born = said.ContainsKey("dead")
                ? "1"
                : ScriptRoot.Sh($". {Scripts("Runs/Remote/common.sh")}; born {process}").Trim();
            var name =
                $"{words[0]}.{100000000 + int.Parse(words[1])}.{process}.{born}.{boot}.{Said("user", "0")}."
                + $"{Said("cpus", "1")}.0.{(words[0] == "held" ? "g" : "0")}.{Said("group", "1")}.{Said("cap", "0")}."
                + $"{words[2]}.main.0";
            File.WriteAllText(Path.Combine(Line(), name), "");
            if (words[0] != "held" && words[2] == whose)
                me ??= name;
        }
        Assert.Equal(answer, Look(me!, "8:8000:2"));
    }

    [Fact]
    public void A_run_that_asks_for_nothing_needs_no_line_and_looks_for_no_GPU()
    {
        var asked = Path.Combine(_root.FullName, "asked");
        Program("nvidia-smi", $"touch {asked}");
        File.WriteAllText(Path.Combine(_root.FullName, "queue"), "a file, so that no line can be there");
        var plan = Plan("touch $MUSTER_OUT/begun", 0, null) with { Cpus = null };
        Start(plan);
        Ends(plan);
        Assert.True(File.Exists(Path.Combine(_root.Folder(plan), "out", "begun")));
        Assert.False(File.Exists(asked));
    }

    /// <summary>Where one of the line stands, by the real script.</summary>
    private string Look(string name, string slots) =>
        ScriptRoot
            .Sh(
                $". {Scripts("Runs/Remote/common.sh")}; . {Scripts("Sites/Schedulers/Processes/queue.sh")}; "
                    + $"queue_open {_root.FullName}/queue '' {slots}; queue_look {name}; "
                    + "if [ -n \"$queue_turn\" ]; then echo turn; else echo place $queue_place $queue_of; fi"
            )
            .Trim();

    private static string Scripts(string name) => $"{Repository.Folder}/src/Muster/{name}";

    private string Line() => Path.Combine(_root.FullName, "queue", ScriptRoot.Sh("uname -n").Trim());

    private RunPlan Launch(string script, int gpus, HostSlots? slots = null)
    {
        var plan = Plan(script, gpus, slots);
        Start(plan);
        return plan;
    }

    private void Start(RunPlan plan)
    {
        _root.Lay(plan);
        ScriptRoot.Sh($"PATH={_root.FullName}/bin:$PATH sh {_root.Folder(plan)}/launch start");
    }

    private static RunPlan Plan(string script, int gpus, HostSlots? slots) =>
        Plans.Nothing() with
        {
            Command = ["sh", "-c", script],
            Cpus = 1,
            Gpus = gpus,
            Slots = slots,
        };

    private void Program(string name, string text)
    {
        var file = Path.Combine(Directory.CreateDirectory(Path.Combine(_root.FullName, "bin")).FullName, name);
        File.WriteAllText(file, $"#!/bin/sh\n{text}\n");
        ScriptRoot.Sh($"chmod +x {file}");
    }

    private string Out(RunPlan plan, string name) => File.ReadAllText(Path.Combine(_root.Folder(plan), "out", name));

    private string Record(RunPlan plan, string name) =>
        File.ReadAllText(Path.Combine(_root.Folder(plan), "status", name));

    private string Queued(RunPlan plan) =>
        ScriptRoot.Sh($"cat {_root.Folder(plan)}/status/main.0.queued 2>/dev/null || :");

    private void Ends(RunPlan plan) => Until(() => _root.HasEnded(plan));

    private static void Until(Func<bool> done)
    {
        for (var began = Stopwatch.GetTimestamp(); !done(); Thread.Sleep(50))
            Assert.True(Stopwatch.GetElapsedTime(began).TotalSeconds < 60, "not within a minute");
    }
}
