using System.Data.Common;
using System.Globalization;
using Muster.Faults;
using Muster.Storage;
using Npgsql;

namespace Muster.Gateway.Ledger;

/// <summary>
/// The tasks of several gateways in one PostgreSQL database. Only the gateway that leads may write: every change proves
/// its term, in the same transaction.
/// </summary>
public sealed class PostgresTaskStore : TaskStore
{
    /// <summary>
    /// The tables of tasks, and the one row that says who leads; then an index that answers by itself, which some had
    /// from the beginning.
    /// </summary>
    public static Migrations Layout { get; } =
        new(
            First
                .Replace(" WITHOUT ROWID", "", StringComparison.Ordinal)
                .Replace(
                    "INTEGER PRIMARY KEY AUTOINCREMENT",
                    "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                    StringComparison.Ordinal
                )
                .Replace("INTEGER", "BIGINT", StringComparison.Ordinal)
                + "; CREATE TABLE leader (term BIGINT NOT NULL, address TEXT NOT NULL, until TIMESTAMPTZ NOT NULL, "
                + "batch BIGINT NOT NULL); INSERT INTO leader VALUES (0, '', '-infinity', 0)",
            "DROP INDEX placed_tasks; CREATE INDEX placed_tasks ON tasks (place, listed, owner, id)",
            PartsByTask("CAST(task AS json) ->> 'parent'"),
            MachineTable,
            SessionTable,
            NodeHourTable,
            ClusterHourTable
        );

    /// <summary>
    /// Divides by zero, and so undoes the whole, where another leads or the change has been made already.
    /// </summary>
    private const string Fence =
        "WITH mine AS (UPDATE leader SET batch = $b WHERE term = $a AND batch = $b - 1 RETURNING 1) SELECT CAST(1 / "
        + "count(*) AS TEXT) FROM mine";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly NpgsqlDataSource _reading;
    private readonly NpgsqlDataSource _writing;
    private readonly Lock _one = new();
    private readonly long _term;
    private readonly ManualResetEventSlim _over = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _batch;

    public PostgresTaskStore(PostgresDatabase database, long term)
    {
        (_reading, _term) = (database.Source, term);
        _writing = database.SourceNamed(WriterOf(term));
    }

    /// <summary>The name of a leader's connections, for whoever ends them.</summary>
    internal static string WriterOf(long term) => $"muster leader {term}";

    /// <summary>Somebody else leads, or will: nothing more is written.</summary>
    public void GiveUp()
    {
        _over.Set();
        _ended.TrySetResult();
    }

    /// <summary>Ends when nothing more is written.</summary>
    public Task Ended => _ended.Task;

    protected override IReadOnlyList<string> Do(IReadOnlyList<Statement> statements)
    {
        lock (_one)
        {
            var number = _batch + 1;
            while (true)
            {
                if (_over.IsSet)
                    throw new TermOverException();
                try
                {
                    var returned = Once([new(Fence, _term, number), .. statements]);
                    _batch = number;
                    return returned;
                }
                catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.DivisionByZero)
                {
                    if (IsMade(number))
                    {
                        // The connection broke behind the commit. What was let go is swept at the next start.
                        _batch = number;
                        return [];
                    }
                    GiveUp();
                }
                catch (NpgsqlException fault) when (IsAway(fault))
                {
                    // The database is away. Whether it got this is decided by the number when it is back.
                    _over.Wait(Pause.Jittered());
                }
                catch (PostgresException fault)
                {
                    throw new IOException($"the database cannot be written: {fault.MessageText}", fault);
                }
            }
        }
    }

    private List<string> Once(IReadOnlyList<Statement> statements)
    {
        using var connection = _writing.OpenConnection();
        using var batch = connection.CreateBatch();
        foreach (var statement in statements)
        {
            var command = new NpgsqlBatchCommand(TextOf(statement.Text));
            foreach (var value in statement.Values)
                command.Parameters.Add(new() { Value = value ?? DBNull.Value });
            batch.BatchCommands.Add(command);
        }
        using var reader = batch.ExecuteReader();
        var returned = new List<string>();
        do
        {
            while (reader.Read())
                returned.Add(reader.GetString(0));
        } while (reader.NextResult());
        return returned[1..]; // the first is the fence's
    }

    private bool IsMade(long number)
    {
        while (!_over.IsSet)
        {
            try
            {
                return Query("SELECT batch FROM leader WHERE term = $a", row => row.GetInt64(0), _term) is [var last]
                    && last == number;
            }
            catch (NpgsqlException)
            {
                _over.Wait(Pause.Jittered());
            }
        }
        return false;
    }

    protected override List<T> Query<T>(string text, Func<DbDataReader, T> read, params ReadOnlySpan<object?> values)
    {
        for (var again = false; ; again = true)
        {
            try
            {
                using var command = _reading.CreateCommand(TextOf(text));
                foreach (var value in values)
                    command.Parameters.Add(new() { Value = value ?? DBNull.Value });
                using var reader = command.ExecuteReader();
                var rows = new List<T>();
                while (reader.Read())
                    rows.Add(read(reader));
                return rows;
            }
            catch (NpgsqlException fault) when (!again && IsAway(fault))
            {
                _reading.Clear(); // connections from before the database was started anew
            }
        }
    }

    private static bool IsAway(NpgsqlException fault) =>
        fault.IsTransient
        || fault is not PostgresException
        || fault.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown;

    /// <summary><c>$a</c> is <c>$1</c> here.</summary>
    private static string TextOf(string text) =>
        Texts.GetOrAdd(
            text,
            static text =>
                System.Text.RegularExpressions.Regex.Replace(
                    text,
                    @"\$([a-z])\b",
                    match => $"${(match.Groups[1].Value[0] - 'a' + 1).ToString(CultureInfo.InvariantCulture)}"
                )
        );

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, string> Texts = [];

    public override void Dispose()
    {
        GiveUp();
        lock (_one)
            _writing.Dispose();
    }
}

/// <summary>
/// Another gateway leads, or will, and all work here ends. What was asked for may have been written or not; whoever
/// asked is to ask again.
/// </summary>
public sealed class TermOverException() : OperationCanceledException("another gateway leads now");
