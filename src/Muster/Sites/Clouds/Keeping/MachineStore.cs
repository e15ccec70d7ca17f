using System.Text.Json;
using Microsoft.Data.Sqlite;
using Muster.Storage;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>The machines that this computer ordered, in one file for all our processes.</summary>
public sealed class MachineStore(string file) : IMachineStore
{
    private readonly SqliteFile _file = new(
        PrivateFile(file),
        new Migrations(
            """
            CREATE TABLE fleet (name TEXT NOT NULL);
            INSERT INTO fleet (name) VALUES (lower(hex(randomblob(6))));
            CREATE TABLE sites (site TEXT PRIMARY KEY, standing TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE machines (
                id TEXT PRIMARY KEY, site TEXT NOT NULL, gone INTEGER, record TEXT NOT NULL, user_data TEXT
            ) WITHOUT ROWID;
            CREATE INDEX site_machines ON machines (site, gone)
            """
        )
    );

    public Task<string> FleetAsync(CancellationToken ct) => Task.FromResult(Fleet());

    public Task<IReadOnlyList<MachineRecord>> ReadAsync(string site, DateTimeOffset goneSince, CancellationToken ct)
    {
        using var connection = _file.Open();
        return Task.FromResult<IReadOnlyList<MachineRecord>>(OfSite(connection, null, site, goneSince));
    }

    public Task<MachineRecord?> FindAsync(Guid id, CancellationToken ct)
    {
        using var connection = _file.Open();
        return Task.FromResult(Find(connection, null, id));
    }

    public Task<MachineRecord?> PlaceAsync(
        string site,
        DateTimeOffset goneSince,
        Func<IReadOnlyList<MachineRecord>, MachineRecord?> place,
        CancellationToken ct
    ) => Task.FromResult(Place(site, goneSince, place));

    public Task<MachineRecord> ChangeAsync(Guid id, Func<MachineRecord, MachineRecord> change, CancellationToken ct) =>
        Task.FromResult(Change(id, change));

    public Task<CloudStanding> StandingAsync(string site, CancellationToken ct)
    {
        using var connection = _file.Open();
        return Task.FromResult(Standing(connection, null, site));
    }

    public Task<CloudStanding> ChangeStandingAsync(
        string site,
        Func<CloudStanding, CloudStanding> change,
        CancellationToken ct
    ) => Task.FromResult(ChangeStanding(site, change));

    // SQLite has no calls that wait without a thread.
    private string Fleet()
    {
        using var connection = _file.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name FROM fleet";
        return (string)command.ExecuteScalar()!;
    }

    private MachineRecord? Place(
        string site,
        DateTimeOffset goneSince,
        Func<IReadOnlyList<MachineRecord>, MachineRecord?> place
    )
    {
        using var connection = _file.Open();
        using var transaction = connection.BeginTransaction(deferred: false);
        var placed = place(OfSite(connection, transaction, site, goneSince));
        if (placed is not null)
            Write(connection, transaction, placed);
        transaction.Commit();
        return placed;
    }

    private MachineRecord Change(Guid id, Func<MachineRecord, MachineRecord> change)
    {
        using var connection = _file.Open();
        using var transaction = connection.BeginTransaction(deferred: false);
        var before = Find(connection, transaction, id) ?? throw new KeyNotFoundException($"no machine {id}");
        var after = change(before);
        if (!ReferenceEquals(after, before))
            Write(connection, transaction, after);
        transaction.Commit();
        return after;
    }

    private CloudStanding ChangeStanding(string site, Func<CloudStanding, CloudStanding> change)
    {
        using var connection = _file.Open();
        using var transaction = connection.BeginTransaction(deferred: false);
        var before = Standing(connection, transaction, site);
        var after = change(before);
        if (!ReferenceEquals(after, before))
        {
            using var command = connection.CreateCommand();
            command.CommandText =
                "INSERT INTO sites (site, standing) VALUES ($site, $standing) "
                + "ON CONFLICT (site) DO UPDATE SET standing = excluded.standing";
            command.Transaction = transaction;
            command.Parameters.AddWithValue("$site", site);
            command.Parameters.AddWithValue(
                "$standing",
                JsonSerializer.Serialize(after, MachineJson.Default.CloudStanding)
            );
            command.ExecuteNonQuery();
        }
        transaction.Commit();
        return after;
    }

    /// <summary>The host keys of machines under way lie in it.</summary>
    private static string PrivateFile(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        Directory.CreateDirectory(folder);
        return PrivateFolder.File(folder, Path.GetFileName(file));
    }

    private static List<MachineRecord> OfSite(
        SqliteConnection connection,
        SqliteTransaction? transaction,
        string site,
        DateTimeOffset goneSince
    )
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT record, user_data FROM machines WHERE site = $site "
            + "AND (gone IS NULL OR gone >= $since) ORDER BY id";
        command.Transaction = transaction;
        command.Parameters.AddWithValue("$site", site);
        command.Parameters.AddWithValue("$since", goneSince.ToUnixTimeMilliseconds());
        return Read(command);
    }

    private static MachineRecord? Find(SqliteConnection connection, SqliteTransaction? transaction, Guid id)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT record, user_data FROM machines WHERE id = $id";
        command.Transaction = transaction;
        command.Parameters.AddWithValue("$id", id.ToString("D"));
        return Read(command).SingleOrDefault();
    }

    private static List<MachineRecord> Read(SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        var records = new List<MachineRecord>();
        while (reader.Read())
            records.Add(MachineJson.Record(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1)));
        return records;
    }

    private static CloudStanding Standing(SqliteConnection connection, SqliteTransaction? transaction, string site)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT standing FROM sites WHERE site = $site";
        command.Transaction = transaction;
        command.Parameters.AddWithValue("$site", site);
        return command.ExecuteScalar() is string text
            ? JsonSerializer.Deserialize(text, MachineJson.Default.CloudStanding)!
            : new();
    }

    private static void Write(SqliteConnection connection, SqliteTransaction transaction, MachineRecord record)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            "INSERT INTO machines (id, site, gone, record, user_data) VALUES ($id, $site, $gone, $record, $data) "
            + "ON CONFLICT (id) DO UPDATE SET "
            + "gone = excluded.gone, record = excluded.record, user_data = excluded.user_data";
        command.Transaction = transaction;
        command.Parameters.AddWithValue("$id", record.Id.ToString("D"));
        command.Parameters.AddWithValue("$site", record.Site);
        command.Parameters.AddWithValue(
            "$gone",
            record.State is MachineState.Gone gone ? gone.At.ToUnixTimeMilliseconds() : DBNull.Value
        );
        command.Parameters.AddWithValue("$record", MachineJson.Text(record));
        command.Parameters.AddWithValue("$data", (object?)record.UserData ?? DBNull.Value);
        command.ExecuteNonQuery();
    }
}
