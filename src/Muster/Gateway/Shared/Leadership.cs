using Microsoft.Extensions.Logging;
using Muster.Gateway.Tasks;
using Muster.Storage;
using Npgsql;

namespace Muster.Gateway.Shared;

/// <summary>Who leads, as one row of the database says. A leader renews its term twice a second; when it does not, another begins the next.</summary>
internal sealed partial class Leadership(PostgresDatabase database, Uri address, TimeProvider clock, ILogger log) : IDisposable
{
    private static readonly TimeSpan Term = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(0.5);

    /// <summary>For how long one that gave its term back leaves the next to others.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    private CancellationTokenSource _standing = new();
    private long _sureSince;
    private bool _seen;
    private DateTimeOffset _restUntil;

    /// <summary>Zero until it was seen.</summary>
    public long Number { get; private set; }

    /// <summary>Where the one that leads is reached; null when it is us, or nobody.</summary>
    public Uri? Leader { get; private set; }
    public bool Mine { get; private set; }

    /// <summary>We lead, and nobody else can do so yet, by our own clock.</summary>
    public bool IsSurelyMine => Mine && IsFresh;

    /// <summary>The database has answered lately.</summary>
    public bool IsFresh => _seen && clock.GetElapsedTime(Volatile.Read(ref _sureSince)) < Term;

    /// <summary>Ends when another leads, or nobody.</summary>
    public CancellationToken Standing => Volatile.Read(ref _standing).Token;

    public async Task RunAsync(CancellationToken ct)
    {
        var away = false;
        for (; ; await Task.Delay(Every, clock, ct))
        {
            var began = clock.GetTimestamp();
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
                limit.CancelAfter(Term);
                if (Mine) await RenewAsync(limit.Token);
                else await LookAsync(limit.Token);
                Volatile.Write(ref _sureSince, began);
                (_seen, away) = (true, false);
            }
            catch (Exception fault) when (!ct.IsCancellationRequested && fault is NpgsqlException or OperationCanceledException or InvalidOperationException)
            {
                if (!away) Away(fault.Message);
                away = true;
            }
        }
    }

    /// <summary>Gives the term back, so that another may begin at once.</summary>
    public async Task ReleaseAsync(CancellationToken ct)
    {
        if (!Mine) return;
        _restUntil = clock.GetUtcNow() + Rest;
        Become(Number, null, mine: false);
        await ScalarAsync("UPDATE leader SET until = '-infinity' WHERE term = $1 RETURNING term", ct, Number);
    }

    private async Task RenewAsync(CancellationToken ct)
    {
        if (await ScalarAsync("UPDATE leader SET until = clock_timestamp() + $2 WHERE term = $1 RETURNING term", ct, Number, Term) is null) Become(Number, null, mine: false);
    }

    private async Task LookAsync(CancellationToken ct)
    {
        long term;
        string leader;
        bool over;
        await using (var command = database.Source.CreateCommand("SELECT term, address, until < clock_timestamp() FROM leader"))
        await using (var row = await command.ExecuteReaderAsync(ct))
        {
            await row.ReadAsync(ct);
            (term, leader, over) = (row.GetInt64(0), row.GetString(1), row.GetBoolean(2));
        }
        if (!over)
        {
            Become(term, new(leader), mine: false);
            return;
        }
        Become(term, null, mine: false);
        if (clock.GetUtcNow() < _restUntil) return;
        // It may have stopped in the middle of a change, and hold the row for ever.
        await ScalarAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1", ct, PostgresTaskStore.WriterOf(term));
        if (await ScalarAsync("UPDATE leader SET term = term + 1, address = $2, until = clock_timestamp() + $3, batch = 0 WHERE term = $1 AND until < clock_timestamp() RETURNING term", ct, term, address.ToString(), Term) is long mine)
        {
            Become(mine, null, mine: true);
        }
    }

    private void Become(long term, Uri? leader, bool mine)
    {
        if ((term, leader, mine) == (Number, Leader, Mine)) return;
        (Number, Leader, Mine) = (term, leader, mine);
        Told(term, mine ? "this gateway" : leader?.ToString() ?? "nobody");
        Interlocked.Exchange(ref _standing, new()).Cancel();
    }

    private async Task<object?> ScalarAsync(string text, CancellationToken ct, params object[] values)
    {
#pragma warning disable CA2100 // our own texts; values are parameters
        await using var command = database.Source.CreateCommand(text);
#pragma warning restore CA2100
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return await command.ExecuteScalarAsync(ct);
    }

    public void Dispose() => _standing.Dispose();

    [LoggerMessage(LogLevel.Information, "Term {Term}: {Leader} leads")]
    private partial void Told(long term, string leader);

    [LoggerMessage(LogLevel.Warning, "The database does not answer: {Why}")]
    private partial void Away(string why);
}
