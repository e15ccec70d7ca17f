using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Faults;
using Muster.Storage;

namespace Muster.NodeOdm.HandIn;

/// <summary>
/// What has been done of one hand-in, a line for each step, so that the next process goes on where this one stopped.
/// One at a time holds it.
/// </summary>
public sealed class HandInJournal : IDisposable
{
    /// <summary>
    /// Of the lines, and said in the first; those without are of the version before there was one, and read the same.
    /// </summary>
    private const int Version = 1;
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private readonly string _path;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _sent = [];
    private readonly FileStream _file;

    private HandInJournal(string path)
    {
        _path = path;
        _file =
            FileLock.Find(path)
            ?? throw new UserException(
                $"another process is submitting the same files, and holds {path}",
                "Wait until it ends, or stop it; this command then resumes where it stopped."
            );
        try
        {
            using var reader = new StreamReader(_file, leaveOpen: true);
            while (reader.ReadLine() is { } line)
                Read(line);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
        EndLine();
        if (Task.Length == 0)
            BeginAnew();
        else
            IsOld = true;
    }

    /// <param name="key">What makes it the same hand-in.</param>
    public static HandInJournal Open(string folder, string key, TimeProvider clock)
    {
        Directory.CreateDirectory(folder);
        foreach (
            var old in Directory
                .EnumerateFiles(folder, "*.jsonl")
                .Where(path => clock.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(path) > Kept)
        )
            File.Delete(old);
        return new(Path.Combine(folder, $"{key}.jsonl"));
    }

    public string Task { get; private set; } = "";

    /// <summary>An earlier process began it.</summary>
    public bool IsOld { get; private set; }
    public bool IsCommitted { get; private set; }

    /// <summary>The hash of a file that the server has acknowledged.</summary>
    public string? HashOf(string name)
    {
        lock (_lock)
            return _sent.GetValueOrDefault(name);
    }

    public void Sent(string name, string sha256)
    {
        lock (_lock)
        {
            _sent[name] = sha256;
            Write(new() { Name = name, Sha256 = sha256 });
        }
    }

    public void Committed()
    {
        IsCommitted = true;
        Write(new() { Committed = true });
    }

    /// <summary>As another task, of which the server knows nothing.</summary>
    public void BeginAnew()
    {
        _file.SetLength(0);
        _sent.Clear();
        (Task, IsOld, IsCommitted) = (TaskUuid.New(), false, false);
        Write(new() { Version = Version, Task = Task });
    }

    /// <summary>It is over, and so is this journal.</summary>
    public void Forget()
    {
        _file.Dispose();
        File.Delete(_path);
    }

    public void Dispose() => _file.Dispose();

    private void Write(Line line)
    {
        _file.Seek(0, SeekOrigin.End);
        _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, JournalJson.Default.Line), (byte)'\n']);
        _file.Flush();
    }

    private void Read(string text)
    {
        Line? line;
        try
        {
            line = JsonSerializer.Deserialize(text, JournalJson.Default.Line);
        }
        catch (JsonException)
        {
            return;
        } // a crash cut it off, so what it would have said is done again
        if (line is null)
            return;
        if (line.Version > Version)
        {
            throw new UserException(
                $"{_path} was written by a newer version of Muster (data version {line.Version}; this one reads up to "
                    + $"{Version})",
                "Update Muster; or delete that file, and the files are handed in from the beginning, as a new task."
            );
        }
        Task = line.Task ?? Task;
        IsCommitted |= line.Committed;
        if (line is { Name: { } name, Sha256: { } hash })
            _sent[name] = hash;
    }

    /// <summary>A line that a crash cut off must not take the next one with it.</summary>
    private void EndLine()
    {
        if (_file.Length == 0)
            return;
        _file.Seek(-1, SeekOrigin.End);
        if (_file.ReadByte() != '\n')
            _file.WriteByte((byte)'\n');
    }

    internal sealed record Line
    {
        public int Version { get; init; }
        public string? Task { get; init; }
        public string? Name { get; init; }
        public string? Sha256 { get; init; }
        public bool Committed { get; init; }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault
)]
[JsonSerializable(typeof(HandInJournal.Line))]
internal sealed partial class JournalJson : JsonSerializerContext;
