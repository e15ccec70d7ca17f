using System.Text.Json;
using Microsoft.Data.Sqlite;
using Muster.Faults;
using Muster.Storage;

namespace Muster.Node;

/// <summary>The node's tasks in the order they came: in memory for readers, in SQLite before anybody is told.</summary>
public sealed class NodeTaskStore : IDisposable
{
    private readonly Lock _turn = new();
    private readonly SqliteFile _file;
    private readonly Dictionary<string, NodeTask> _tasks = [];
    private readonly List<string> _order = [];

    public NodeTaskStore(string file)
    {
        _file = new(
            file,
            new Migrations(
                "CREATE TABLE tasks (number INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, task TEXT "
                    + "NOT NULL)"
            )
        );
        using var connection = _file.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT task FROM tasks ORDER BY number";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var task = JsonSerializer.Deserialize(reader.GetString(0), NodeJson.Default.NodeTask)!;
            _tasks.Add(task.Uuid, task);
            _order.Add(task.Uuid);
        }
    }

    /// <summary>All of them, the oldest first.</summary>
    public IReadOnlyList<NodeTask> All()
    {
        lock (_turn)
            return [.. _order.Select(uuid => _tasks[uuid])];
    }

    public NodeTask? Find(string uuid)
    {
        lock (_turn)
            return _tasks.GetValueOrDefault(uuid);
    }

    /// <summary>False when a task of this id is there already.</summary>
    public bool TryAdd(NodeTask task)
    {
        lock (_turn)
        {
            if (_tasks.ContainsKey(task.Uuid))
                return false;
            Write("INSERT INTO tasks (uuid, task) VALUES ($uuid, $task)", task.Uuid, task);
            _tasks.Add(task.Uuid, task);
            _order.Add(task.Uuid);
            return true;
        }
    }

    /// <summary>Null when the task is not known, or no longer.</summary>
    public NodeTask? Change(string uuid, Func<NodeTask, NodeTask> change)
    {
        lock (_turn)
        {
            if (!_tasks.TryGetValue(uuid, out var before))
                return null;
            var after = change(before);
            if (after == before)
                return before;
            Write("UPDATE tasks SET task = $task WHERE uuid = $uuid", uuid, after);
            return _tasks[uuid] = after;
        }
    }

    public void Remove(string uuid)
    {
        lock (_turn)
        {
            Write("DELETE FROM tasks WHERE uuid = $uuid", uuid, null);
            if (_tasks.Remove(uuid))
                _order.Remove(uuid);
        }
    }

    public void Dispose() => _file.Close();

    private void Execute(string text, string uuid, NodeTask? task)
    {
        using var connection = _file.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // our own texts; values are parameters
        command.CommandText = text;
#pragma warning restore CA2100
        command.Parameters.AddWithValue("$uuid", uuid);
        if (task is not null)
            command.Parameters.AddWithValue("$task", JsonSerializer.Serialize(task, NodeJson.Default.NodeTask));
        command.ExecuteNonQuery();
    }

    /// <summary>What is not written has not happened: an <see cref="IOException"/>, as when the disk is full.</summary>
    private void Write(string text, string uuid, NodeTask? task)
    {
        try
        {
            Execute(text, uuid, task);
        }
        catch (Exception fault) when (fault is SqliteException or UserException)
        {
            throw new IOException($"the record of task {uuid} could not be written: {fault.Message}", fault);
        }
    }
}
