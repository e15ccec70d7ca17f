using System.Data.Common;
using Microsoft.Data.Sqlite;
using Muster.Storage;

namespace Muster.Gateway.Ledger;

/// <summary>The gateway's tasks and nodes in one file. One connection writes.</summary>
public sealed class SqliteTaskStore : TaskStore
{
    /// <summary>
    /// Version 2: rows that hold long texts lie in the order in which they came; only short ones lie by their keys.
    /// </summary>
    private const string RowsInOrder = """
        CREATE TABLE new_tasks (id TEXT PRIMARY KEY, place INTEGER NOT NULL, owner TEXT NOT NULL, live INTEGER NOT NULL,
            listed INTEGER NOT NULL, ended INTEGER, due INTEGER NOT NULL, task TEXT NOT NULL);
        INSERT INTO new_tasks SELECT id, place, owner, live, listed, ended, due, task FROM tasks ORDER BY place;
        DROP TABLE tasks;
        ALTER TABLE new_tasks RENAME TO tasks;
        CREATE INDEX due_tasks ON tasks (due) WHERE due = 1;
        CREATE INDEX live_tasks ON tasks (live) WHERE live = 1;
        CREATE INDEX placed_tasks ON tasks (place, listed, owner, id);
        CREATE INDEX ended_tasks ON tasks (ended) WHERE ended IS NOT NULL;
        CREATE TABLE new_output (task TEXT NOT NULL, first INTEGER NOT NULL, lines INTEGER NOT NULL, text TEXT NOT NULL,
            PRIMARY KEY (task, first));
        INSERT INTO new_output SELECT task, first, lines, text FROM output ORDER BY task, first;
        DROP TABLE output;
        ALTER TABLE new_output RENAME TO output
        """;

    private static readonly Migrations Layout = new(
        First,
        RowsInOrder,
        PartsByTask("json_extract(task, '$.parent')"),
        MachineTable,
        SessionTable,
        NodeHourTable,
        ClusterHourTable
    );

    private readonly SqliteFile _file;
    private readonly SqliteConnection _writer;
    private readonly Lock _writing = new();
    private readonly Dictionary<string, SqliteCommand> _commands = [];

    public SqliteTaskStore(string path)
    {
        _file = new(path, Layout);
        _writer = _file.Open();
        Read(_writer, "PRAGMA synchronous = FULL", _ => true);
        // pages that change again and again are brought home less often
        Read(_writer, "PRAGMA wal_autocheckpoint = 8000", _ => true);
    }

    protected override IReadOnlyList<string> Do(IReadOnlyList<Statement> statements)
    {
        lock (_writing)
        {
            try
            {
                return Once(statements);
            }
            catch (SqliteException fault)
            {
                // as every disk says that it is full
                throw new IOException($"the database cannot be written: {fault.Message}", fault);
            }
        }
    }

    private List<string> Once(IReadOnlyList<Statement> statements)
    {
        var returned = new List<string>();
        using var transaction = _writer.BeginTransaction(deferred: false);
        foreach (var statement in statements)
        {
            var command = Prepared(statement.Text);
            command.Transaction = transaction;
            command.Parameters.Clear();
            for (var n = 0; n < statement.Values.Count; n++)
                Fill(command, n, statement.Values[n]);
            using var reader = command.ExecuteReader();
            while (reader.Read())
                returned.Add(reader.GetString(0));
        }
        transaction.Commit();
        return returned;
    }

    protected override List<T> Query<T>(string text, Func<DbDataReader, T> read, params ReadOnlySpan<object?> values)
    {
        using var connection = _file.Open();
        return Read(connection, text, read, values);
    }

    private static List<T> Read<T>(
        SqliteConnection connection,
        string text,
        Func<DbDataReader, T> read,
        params ReadOnlySpan<object?> values
    )
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // our own texts; values are parameters
        command.CommandText = text;
#pragma warning restore CA2100
        for (var n = 0; n < values.Length; n++)
            Fill(command, n, values[n]);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    private SqliteCommand Prepared(string text)
    {
        if (_commands.TryGetValue(text, out var command))
            return command;
        command = _commands[text] = _writer.CreateCommand();
#pragma warning disable CA2100 // our own texts; values are parameters
        command.CommandText = text;
#pragma warning restore CA2100
        return command;
    }

    private static void Fill(SqliteCommand command, int number, object? value) =>
        command.Parameters.AddWithValue($"${(char)('a' + number)}", value ?? DBNull.Value);

    public override void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
        _writer.Dispose();
        _file.Close();
    }
}
