using System.Globalization;
using System.Text;
using Muster.Hosts;
using Muster.Shell;
using Muster.Sites.Schedulers.Slurm;
using Muster.Storage;

namespace Muster.Sites.Schedulers;

/// <summary>
/// The one place where a site's scheduler is asked: all our processes share the answers, and together stay within the
/// budget.
/// </summary>
/// <param name="ledger">A file that holds when was asked, and the last answer.</param>
public sealed class SchedulerDesk(IHost host, SlurmScheduler scheduler, string ledger, TimeProvider clock)
{
    /// <summary>A question may have to wait for several commands of a slow scheduler.</summary>
    private static readonly TimeSpan LockPatience = TimeSpan.FromMinutes(5);

    /// <summary>Scheduler commands in any minute, for all runs of a site together.</summary>
    public const int CommandsAMinute = 6;

    /// <summary>Gives the scheduler's words on <paramref name="handles"/>, no older than <paramref name="oldest"/>
    /// unless the budget forbids a new question;
    /// null when nothing is known yet.</summary>
    /// <param name="others">Handles of other runs on the site, so that one question serves them too.</param>
    public async Task<SchedulerAnswer?> AskAsync(
        IReadOnlyCollection<JobHandle> handles,
        IReadOnlyCollection<JobHandle> others,
        TimeSpan oldest,
        CancellationToken ct
    )
    {
        var now = clock.GetUtcNow();
        await using var page = await LockAsync(ct);
        var last = await ReadAsync(page, ct);
        var covered = last is not null && handles.All(last.Handles.Contains);
        if (covered && now - last!.At < oldest)
            return Read(last);
        // Spent before it is asked: whatever becomes of the question, its commands may have been given.
        var reserved = await SpendAsync(page, SlurmScheduler.MostCommands, CommandsAMinute, ct);
        if (reserved is null)
            return covered ? Read(last!) : null;

        JobHandle[] all = [.. handles.Union(others)];
        var answer = await host.RunAsync(scheduler.Question(all), ct);
        var read = SlurmScheduler.Read(answer.Output, all);
        var unused = Math.Max(0, SlurmScheduler.MostCommands - Math.Max(1, read.Commands));
        await WriteAsync(page, new(now, [.. reserved.Spent.SkipLast(unused)], all, answer.Output), ct);
        return read with { At = now };
    }

    private static SchedulerAnswer Read(Entry entry) =>
        SlurmScheduler.Read(entry.Text, entry.Handles) with
        {
            At = entry.At,
        };

    /// <summary>Scheduler commands in the last minute.</summary>
    public async Task<int> SpentAsync(CancellationToken ct)
    {
        await using var page = await LockAsync(ct);
        var now = clock.GetUtcNow();
        return (await ReadAsync(page, ct))?.Spent.Count(at => now - at < TimeSpan.FromMinutes(1)) ?? 0;
    }

    /// <summary>Asks something else of the scheduler; null when the budget forbids it now.</summary>
    /// <param name="commands">How many scheduler commands <paramref name="question"/> takes at most.</param>
    public async Task<ShellAnswer?> AskOtherAsync(ShellText question, int commands, CancellationToken ct)
    {
        await using var page = await LockAsync(ct);
        return await SpendAsync(page, commands, CommandsAMinute, ct) is null ? null : await host.RunAsync(question, ct);
    }

    /// <summary>Notes scheduler commands that were given elsewhere, so that they count.</summary>
    public async Task NoteAsync(int commands, CancellationToken ct)
    {
        await using var page = await LockAsync(ct);
        await SpendAsync(page, commands, int.MaxValue, ct);
    }

    /// <summary>The page with these commands on it; null, and nothing is noted, when they would be more than
    /// <paramref name="most"/> in this minute.</summary>
    private async Task<Entry?> SpendAsync(FileStream page, int commands, int most, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var last = await ReadAsync(page, ct) ?? new(DateTimeOffset.UnixEpoch, [], [], "");
        var spent = last.Spent.Where(at => now - at < TimeSpan.FromMinutes(1)).ToList();
        if (spent.Count + commands > most)
            return null;
        spent.AddRange(Enumerable.Repeat(now, commands));
        last = last with { Spent = spent };
        await WriteAsync(page, last, ct);
        return last;
    }

    private sealed record Entry(
        DateTimeOffset At,
        List<DateTimeOffset> Spent,
        IReadOnlyCollection<JobHandle> Handles,
        string Text
    );

    private Task<FileStream> LockAsync(CancellationToken ct) =>
        FileLock.TakeAsync(ledger, "is asking the scheduler", LockPatience, ct);

    // Three lines (when, the commands of the last minute, the handles) and then the answer as it came.
    private static async Task<Entry?> ReadAsync(FileStream page, CancellationToken ct)
    {
        page.Position = 0;
        using var reader = new StreamReader(page, Encoding.UTF8, leaveOpen: true);
        var parts = (await reader.ReadToEndAsync(ct)).Split('\n', 4);
        if (parts.Length < 4 || Time(parts[0]) is not { } at)
            return null;
        return new(
            at,
            [.. parts[1].Split(' ').Select(Time).OfType<DateTimeOffset>()],
            [.. parts[2].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(handle => new JobHandle(handle))],
            parts[3]
        );

        static DateTimeOffset? Time(string text) =>
            long.TryParse(text, CultureInfo.InvariantCulture, out var ms)
                ? DateTimeOffset.FromUnixTimeMilliseconds(ms)
                : null;
    }

    private static async Task WriteAsync(FileStream page, Entry entry, CancellationToken ct)
    {
        page.SetLength(0);
        var text =
            $"{entry.At.ToUnixTimeMilliseconds()}\n"
            + $"{string.Join(' ', entry.Spent.Select(at => at.ToUnixTimeMilliseconds()))}\n"
            + $"{string.Join(' ', entry.Handles)}\n{entry.Text}";
        await page.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
        await page.FlushAsync(ct);
    }
}

/// <summary>What a scheduler answered, and how many of its commands that took.</summary>
public sealed record SchedulerAnswer(IReadOnlyDictionary<JobHandle, SchedulerWord> Words, string? Silence, int Commands)
{
    /// <summary>When it was asked.</summary>
    public DateTimeOffset At { get; init; }
}
