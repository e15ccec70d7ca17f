using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Muster.Storage;

namespace Muster.Runs;

/// <summary>The runs that this machine knows of, in one file for all our processes.</summary>
public sealed class RunStore(string file)
{
    private readonly SqliteFile _file = new(
        file,
        new Migrations(
            """
            CREATE TABLE runs (id TEXT PRIMARY KEY, name TEXT NOT NULL, site TEXT NOT NULL, live INTEGER NOT NULL, run TEXT NOT NULL) WITHOUT ROWID;
            CREATE INDEX live_runs ON runs (live, site);
            CREATE INDEX named_runs ON runs (name)
            """
        )
    );

    /// <summary>
    /// Adds a run. Where its name is taken, it becomes the next of that series: <c>train</c>, <c>train-2</c>,
    /// <c>train-3</c> …
    /// </summary>
    /// <returns>The run with the name that it has from now on.</returns>
    public Run Add(Run run)
    {
        using var connection = _file.Open();
        using var transaction = connection.BeginTransaction(deferred: false);
        var series = run.Plan.Series ?? run.Plan.Name;
        var taken = Names(connection, transaction, series);
        if (taken.Contains(run.Plan.Name))
        {
            var last = taken.Max(name =>
                int.TryParse(
                    name.AsSpan(Math.Min(name.Length, series.Length + 1)),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var number
                )
                    ? number
                    : 1
            );
            run = run with { Plan = run.Plan.Called($"{series}-{last + 1}", series) };
        }
        Write(
            connection,
            transaction,
            run,
            "INSERT INTO runs (id, name, site, live, run) VALUES ($id, $name, $site, $live, $run)"
        );
        transaction.Commit();
        return run;
    }

    /// <summary>
    /// Changes a run as it stands now, not as it was when read; other processes may know more by then.
    /// </summary>
    public Run Change(RunId id, Func<Run, Run> change)
    {
        using var connection = _file.Open();
        using var transaction = connection.BeginTransaction(deferred: false);
        var before = Read(connection, transaction, "SELECT run FROM runs WHERE id = $key", id.ToString()).Single();
        var after = change(before);
        if (after != before)
            Write(
                connection,
                transaction,
                after,
                "UPDATE runs SET name = $name, site = $site, live = $live, run = $run WHERE id = $id"
            );
        transaction.Commit();
        return after;
    }

    /// <summary>Forgets a run: nothing of it ever left this machine, or what did is removed.</summary>
    public void Remove(RunId id)
    {
        using var connection = _file.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "DELETE FROM runs WHERE id = $id";
        command.Parameters.AddWithValue("$id", id.ToString());
        command.ExecuteNonQuery();
    }

    public Run? Find(RunId id) => Query("SELECT run FROM runs WHERE id = $key", id.ToString()).SingleOrDefault();

    /// <summary>Runs whose id begins so, at most a few.</summary>
    public IReadOnlyList<Run> WithPrefix(string prefix) =>
        Query("SELECT run FROM runs WHERE id >= $key AND id < $key || 'g' ORDER BY id LIMIT 20", prefix);

    /// <summary>Runs whose id ends so, at most a few.</summary>
    public IReadOnlyList<Run> WithEnding(string ending) =>
        ending.Length < Runs.ShortIds.Least
            ? []
            : Query(
                "SELECT run FROM runs WHERE id IN (SELECT id FROM runs WHERE id LIKE '%' || $key) LIMIT 20",
                ending
            );

    /// <summary>What lists show for the ids of now.</summary>
    public ShortIds ShortIds()
    {
        using var connection = _file.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT group_concat(substr(id, -{Runs.ShortIds.Most}), '') FROM runs;
            SELECT name FROM runs WHERE length(name) BETWEEN {Runs.ShortIds.Least} AND {Runs.ShortIds.Most}
                AND name NOT GLOB '*[^0-9a-f]*'
            """;
        using var reader = command.ExecuteReader();
        var endings = reader.Read() && !reader.IsDBNull(0) ? reader.GetString(0) : "";
        reader.NextResult();
        var names = new HashSet<string>();
        while (reader.Read())
            names.Add(reader.GetString(0));
        return new(endings, names);
    }

    /// <summary>Runs of that name or series, the newest first.</summary>
    public IReadOnlyList<Run> Named(string name) =>
        Query(
            $"""
            SELECT run FROM runs WHERE name = $key OR ({IsNumbered} AND json_extract(run, '$.plan.series') = $key) ORDER BY id DESC LIMIT 20
            """,
            name
        );

    /// <summary>Runs on a machine that was made for runs, the newest first.</summary>
    public IReadOnlyList<Run> On(Guid machine) =>
        Query(
            """
            SELECT run FROM runs WHERE instr(run, $key) > 0 AND json_extract(run, '$.plan.machine.id') = $key
            ORDER BY id DESC
            """,
            machine.ToString()
        );

    /// <summary>The first run of a sweep, and those that did points again or added some; the oldest first.</summary>
    public IReadOnlyList<Run> WholeSweep(RunPlan one) =>
        Query(
            """
            SELECT run FROM runs
            WHERE id = $key OR instr(run, $key) > 0 AND json_extract(run, '$.plan.sweep_of') = $key ORDER BY id
            """,
            (one.SweepOf ?? one.Id).ToString()
        );

    /// <summary>Runs that have not ended, the newest first.</summary>
    public IReadOnlyList<Run> Live() => Query("SELECT run FROM runs WHERE live = 1 ORDER BY id DESC");

    /// <summary>The newest runs that have ended.</summary>
    public IReadOnlyList<Run> Ended(int most) =>
        // With the plus the newest are read until there are enough; the index would have all that ended sorted first.
        Query($"SELECT run FROM runs WHERE +live = 0 ORDER BY id DESC LIMIT {most}");

    public Run? Last() => Query("SELECT run FROM runs ORDER BY id DESC LIMIT 1").SingleOrDefault();

    public int Count()
    {
        using var connection = _file.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM runs";
        return Convert.ToInt32(command.ExecuteScalar());
    }

    /// <summary>The newest run that has just that name.</summary>
    public Run? Called(string name) =>
        Query("SELECT run FROM runs WHERE name = $key ORDER BY id DESC LIMIT 1", name).SingleOrDefault();

    // In the order of bytes '.' is behind '-', so the index on names finds them.
    private const string IsNumbered = "name > $key || '-' AND name < $key || '.'";

    /// <summary>The names that are that one, or that one with something behind a dash.</summary>
    private static HashSet<string> Names(SqliteConnection connection, SqliteTransaction transaction, string name)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // our own text; the name is a parameter
        command.CommandText = $"SELECT name FROM runs WHERE name = $key OR ({IsNumbered})";
#pragma warning restore CA2100
        command.Transaction = transaction;
        command.Parameters.AddWithValue("$key", name);
        using var reader = command.ExecuteReader();
        var names = new HashSet<string>();
        while (reader.Read())
            names.Add(reader.GetString(0));
        return names;
    }

    private List<Run> Query(string text, string? key = null)
    {
        using var connection = _file.Open();
        return Read(connection, null, text, key);
    }

    private static List<Run> Read(SqliteConnection connection, SqliteTransaction? transaction, string text, string? key)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // our own texts; what users type is a parameter
        command.CommandText = text;
#pragma warning restore CA2100
        command.Transaction = transaction;
        if (key is not null)
            command.Parameters.AddWithValue("$key", key);
        using var reader = command.ExecuteReader();
        var runs = new List<Run>();
        while (reader.Read())
            runs.Add(JsonSerializer.Deserialize(reader.GetString(0), RunJson.Default.Run)!);
        return runs;
    }

    private static void Write(SqliteConnection connection, SqliteTransaction? transaction, Run run, string text)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // our own texts; values are parameters
        command.CommandText = text;
#pragma warning restore CA2100
        command.Transaction = transaction;
        command.Parameters.AddWithValue("$id", run.Id.ToString());
        command.Parameters.AddWithValue("$name", run.Plan.Name);
        command.Parameters.AddWithValue("$site", run.Plan.Site);
        command.Parameters.AddWithValue("$live", run.State.IsLive ? 1 : 0);
        command.Parameters.AddWithValue("$run", JsonSerializer.Serialize(run, RunJson.Default.Run));
        command.ExecuteNonQuery();
    }
}
