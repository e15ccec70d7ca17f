using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Muster.Faults;
using SQLitePCL;

namespace Muster.Storage;

/// <summary>One SQLite database file, shared by all our processes.</summary>
public sealed class SqliteFile
{
    private static readonly Lazy<bool> Provider = new(() =>
    {
        // The operating system's SQLite gets security fixes; the bundled one is for systems without it.
        NativeLibrary.SetDllImportResolver(
            typeof(SQLite3Provider_e_sqlite3).Assembly,
            static (name, assembly, paths) =>
                name == "e_sqlite3"
                && (
                    NativeLibrary.TryLoad("libsqlite3.so.0", assembly, paths, out var own)
                    || NativeLibrary.TryLoad("libsqlite3.dylib", assembly, paths, out own)
                )
                    ? own
                    : 0
        );
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        return true;
    });

    private readonly string _connection;

    /// <summary>
    /// Opens <paramref name="path"/>: makes it and its tables when they are missing, and brings those of an earlier
    /// version up to this one.
    /// </summary>
    public SqliteFile(string path, Migrations layout)
    {
        _ = Provider.Value;
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? ".");
        _connection = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            DefaultTimeout = 30,
            Pooling = true,
        }.ToString();
        using var connection = Open();
        if (layout.After(VersionOf(connection), path) is null)
            return;
        using var change = connection.BeginTransaction(deferred: false);
        // Another process may have been first.
        if (layout.After(VersionOf(connection, change), path) is { } steps)
            Scalar(connection, $"{steps};\nPRAGMA user_version = {layout.Version}", change);
        change.Commit();
    }

    private static int VersionOf(SqliteConnection connection, SqliteTransaction? transaction = null) =>
        Convert.ToInt32(Scalar(connection, "PRAGMA user_version", transaction), CultureInfo.InvariantCulture);

    public SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connection);
        try
        {
            connection.Open();
            Scalar(connection, "PRAGMA journal_mode = WAL");
            Scalar(connection, "PRAGMA synchronous = NORMAL");
            return connection;
        }
        catch (SqliteException fault)
        {
            connection.Dispose();
            throw new UserException(
                $"cannot open {connection.DataSource}: {fault.Message}",
                "Check that its folder is yours, on a local disk and not full.",
                fault
            );
        }
    }

    /// <summary>Closes the connections that are kept for the next use.</summary>
    public void Close()
    {
        using var any = new SqliteConnection(_connection);
        SqliteConnection.ClearPool(any);
    }

    private static object? Scalar(SqliteConnection connection, string text, SqliteTransaction? transaction = null)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // our own texts, no user input
        command.CommandText = text;
#pragma warning restore CA2100
        command.Transaction = transaction;
        return command.ExecuteScalar();
    }
}
