using Microsoft.Extensions.Logging;
using Muster.Faults;
using Muster.Gateway.Ledger;
using Muster.Storage;
using Npgsql;

namespace Muster.Gateway.Shared;

/// <summary>
/// Who leads, as one row of the database says. A leader renews its term twice a second; when it does not, another
/// begins the next.
/// </summary>
internal sealed partial class Leadership(PostgresDatabase database, Uri address, TimeProvider clock, ILogger log)
    : IDisposable
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(0.5);

    /// <summary>For how long one that cannot lead leaves the next term to others.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private CancellationTokenSource _over = new();
    private Term _term = new(0, null, false, CancellationToken.None);
    private long _seenAt;
    private bool _seen;
    private DateTimeOffset _restUntil;

    /// <summary>As it was seen last.</summary>
    public Term Now => Volatile.Read(ref _term);

    /// <summary>The database has answered lately. While it has, nobody else can have begun a term after ours.</summary>
    public bool IsFresh => Volatile.Read(ref _seen) && clock.GetElapsedTime(Volatile.Read(ref _seenAt)) < Length;

    public async Task RunAsync(CancellationToken ct)
    {
        var away = false;
        for (; ; await Task.Delay(Now.IsMine ? Every : Every.Jittered(), clock, ct))
        {
            var began = clock.GetTimestamp();
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
                limit.CancelAfter(Length);
                if (Now is { IsMine: true } mine)
                    await RenewAsync(mine.Number, limit.Token);
                else
                    await LookAsync(limit.Token);
                Volatile.Write(ref _seenAt, began);
                Volatile.Write(ref _seen, true);
                away = false;
            }
            catch (Exception fault)
                when (!ct.IsCancellationRequested
                    && fault is NpgsqlException or OperationCanceledException or InvalidOperationException
                )
            {
                if (!away)
                    Away(fault.Message);
                away = true;
            }
        }
    }

    /// <summary>Gives a term back, so that the next may begin at once.</summary>
    /// <param name="rest">Leaves that to others for a while.</param>
    public async Task ReleaseAsync(long number, bool rest, CancellationToken ct)
    {
        if (Now is not { IsMine: true } mine || mine.Number != number)
            return;
        if (rest)
            _restUntil = clock.GetUtcNow() + Rest;
        Become(number, null, mine: false);
        try
        {
            await ScalarAsync("UPDATE leader SET until = '-infinity' WHERE term = $1 RETURNING term", ct, number);
        }
        catch (NpgsqlException) { } // it ends by itself
    }

    private async Task RenewAsync(long number, CancellationToken ct)
    {
        if (
            await ScalarAsync(
                "UPDATE leader SET until = clock_timestamp() + $2 WHERE term = $1 RETURNING term",
                ct,
                number,
                Length
            )
            is null
        )
            Become(number, null, mine: false);
    }

    private async Task LookAsync(CancellationToken ct)
    {
        long number;
        string leader;
        bool over;
        await using (
            var command = database.Source.CreateCommand("SELECT term, address, until < clock_timestamp() FROM leader")
        )
        await using (var row = await command.ExecuteReaderAsync(ct))
        {
            await row.ReadAsync(ct);
            (number, leader, over) = (row.GetInt64(0), row.GetString(1), row.GetBoolean(2));
        }
        // One of ours may still stand there, from before a start.
        Become(number, over || leader == address.ToString() ? null : new(leader), mine: false);
        if (!over || clock.GetUtcNow() < _restUntil)
            return;
        // It may have stopped in the middle of a change, and hold the row for ever.
        await ScalarAsync(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND "
                + "application_name = $1",
            ct,
            PostgresTaskStore.WriterOf(number)
        );
        if (
            await ScalarAsync(
                "UPDATE leader SET term = term + 1, address = $2, until = clock_timestamp() + $3, batch = 0 WHERE term "
                    + "= $1 AND until < clock_timestamp() RETURNING term",
                ct,
                number,
                address.ToString(),
                Length
            )
            is long mine
        )
        {
            Become(mine, null, mine: true);
        }
    }

    private void Become(long number, Uri? leader, bool mine)
    {
        CancellationTokenSource before;
        lock (_lock)
        {
            if ((number, leader, mine) == (_term.Number, _term.Leader, _term.IsMine))
                return;
            (before, _over) = (_over, new());
            Volatile.Write(ref _term, new(number, leader, mine, _over.Token));
        }
        Told(number, mine ? "this gateway" : leader?.ToString() ?? "nobody");
        before.Cancel();
    }

    private async Task<object?> ScalarAsync(string text, CancellationToken ct, params object[] values)
    {
#pragma warning disable CA2100 // our own texts; values are parameters
        await using var command = database.Source.CreateCommand(text);
#pragma warning restore CA2100
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        return await command.ExecuteScalarAsync(ct);
    }

    public void Dispose() => _over.Dispose();

    [LoggerMessage(LogLevel.Information, "Term {Term}: {Leader} leads")]
    private partial void Told(long term, string leader);

    [LoggerMessage(LogLevel.Warning, "The database does not answer: {Why}")]
    private partial void Away(string why);
}

/// <summary>A time in which one gateway leads, or none.</summary>
/// <param name="Leader">Where the one that leads is reached; null when it is us, or nobody.</param>
/// <param name="Over">Ends with it.</param>
internal sealed record Term(long Number, Uri? Leader, bool IsMine, CancellationToken Over);
