using Muster.Hosts;
using Muster.Shell;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites.Schedulers;

public sealed class SchedulerDeskTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-desk-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Other_questions_count_and_are_refused_once_the_minute_is_spent()
    {
        var ct = TestContext.Current.CancellationToken;
        await Desk().NoteAsync(3, ct);
        Assert.Equal("hi\n", (await Desk().AskOtherAsync(ShellText.Of($"echo hi"), commands: 2, ct))?.Output);
        Assert.Null(await Desk().AskOtherAsync(ShellText.Of($"echo hi"), commands: 2, ct));
        Assert.Equal(5, await Desk().SpentAsync(ct));
    }

    [Fact]
    public async Task However_much_is_asked_no_more_than_the_budget_is_given_in_a_minute()
    {
        var ct = TestContext.Current.CancellationToken;
        // The dearest question: squeue answers and does not know the job, scontrol fails, and so does accounting.
        Command("squeue", 0);
        Command("scontrol", 1);
        Command("sacct", 1);
        for (var i = 0; i < 12; i++)
            await Desk().AskAsync([new($"{100 + i}")], [], TimeSpan.Zero, ct);
        Assert.Equal(SchedulerDesk.CommandsAMinute, File.ReadAllLines(Path.Combine(_folder.FullName, "given")).Length);
        Assert.Equal(SchedulerDesk.CommandsAMinute, await Desk().SpentAsync(ct));
    }

    [Fact]
    public async Task A_question_that_squeue_answers_alone_costs_one_command()
    {
        var ct = TestContext.Current.CancellationToken;
        string[] fields = ["7", "7", "RUNNING", "c1", "N/A", "N/A", "1", "main", "x", "x", "None"];
        Command("squeue", 0, string.Join('\u001f', fields));
        for (var i = 0; i < 3; i++)
        {
            var answer = await Desk().AskAsync([new("7")], [], TimeSpan.Zero, ct);
            Assert.IsType<SchedulerWord.Running>(answer!.Words[new("7")]);
        }
        Assert.Equal(3, await Desk().SpentAsync(ct));
    }

    [Fact]
    public async Task A_question_of_which_nobody_knows_what_became_of_it_has_been_paid()
    {
        var ct = TestContext.Current.CancellationToken;
        using var gone = new CancellationTokenSource();
        Command("squeue", 0, "", "sleep 60");
        var asking = Desk().AskAsync([new("7")], [], TimeSpan.Zero, gone.Token);
        while (!File.Exists(Path.Combine(_folder.FullName, "given")))
            await Task.Delay(20, ct);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Equal(3, await Desk().SpentAsync(ct));
    }

    private SchedulerDesk Desk() =>
        new(
            new HostWith(_folder.FullName),
            new SlurmScheduler(TimeProvider.System),
            $"{_folder.FullName}/site.queue",
            TimeProvider.System
        );

    private void Command(string name, int code, string says = "", string then = ":")
    {
        var path = Path.Combine(_folder.FullName, name);
        var noted = $"echo {name} >>{_folder.FullName}/given";
        File.WriteAllText(path, $"#!/bin/sh\n{noted}\n{then}\ncat <<'END'\n{says}\nEND\nexit {code}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>This machine with more commands on its path.</summary>
    private sealed class HostWith(string commands) : IHost
    {
        private readonly LocalHost _here = new();

        public string Name => _here.Name;

        public Task<ShellChannel> OpenAsync(ShellText script, CancellationToken ct) =>
            _here.OpenAsync(ShellText.Of($"PATH={commands}:$PATH\n{script}"), ct);

        public Task<Stream> ConnectAsync(string address, int port, CancellationToken ct) =>
            _here.ConnectAsync(address, port, ct);
    }
}
