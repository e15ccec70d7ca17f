namespace Muster.Runs;

/// <summary>Reads what <c>look.sh</c> prints.</summary>
internal static class LookReader
{
    public static IReadOnlyDictionary<RunId, RunFacts> Read(string text)
    {
        var runs = new Dictionary<RunId, RunFacts>();
        RunId? id = null;
        var records = new Dictionary<string, StatusRecord>();
        var alive = new Dictionary<string, Liveness>();
        Dictionary<string, string>? values = null;
        var tried = false;
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith(' '))
            {
                if (values is not null) Put(values, line[1..]);
                continue;
            }
            switch (line.Split(' '))
            {
                case ["run", var word]:
                    Close();
                    if (RunId.TryParse(word, out var next)) id = next;
                    break;
                case ["absent", var word]:
                    Close();
                    if (RunId.TryParse(word, out var missing)) runs[missing] = new RunFacts();
                    break;
                case ["record", var name]:
                    values = [];
                    records[name] = new(name, values);
                    break;
                case ["alive", var rank, "1"]: alive[rank] = Liveness.Alive; break;
                case ["alive", var rank, _]: alive[rank] = Liveness.Gone; break;
                case ["rebooted", var rank]: alive[rank] = Liveness.Rebooted; break;
                case ["tried"]: tried = true; break;
                case ["done"]: Close(); break;
            }
        }
        return runs;

        void Close()
        {
            if (id is { } known) runs[known] = new RunFacts { Present = true, Records = records, Supervisors = alive, Tried = tried };
            (id, records, alive, values, tried) = (null, [], [], null, false);
        }
    }

    /// <summary>Takes one <c>KEY=VALUE</c> line.</summary>
    public static void Put(Dictionary<string, string> values, string line)
    {
        var at = line.IndexOf('=');
        if (at > 0) values[line[..at]] = line[(at + 1)..];
    }
}
