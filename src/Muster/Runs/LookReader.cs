namespace Muster.Runs;

/// <summary>Reads what <c>look.sh</c> prints.</summary>
internal static class LookReader
{
    public static IReadOnlyDictionary<string, RunFacts> Read(string text)
    {
        var runs = new Dictionary<string, RunFacts>();
        string? folder = null;
        var records = new Dictionary<string, StatusRecord>();
        var alive = new Dictionary<string, Liveness>();
        Dictionary<string, string>? values = null;
        var tried = false;
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith(' '))
            {
                if (values is not null)
                    Put(values, line[1..]);
                continue;
            }
            switch (line.Split(' '))
            {
                case ["run", var word]:
                    Close();
                    folder = word;
                    break;
                case ["absent", var word]:
                    Close();
                    runs[word] = new RunFacts();
                    break;
                case ["record", var name]:
                    values = [];
                    records[name] = new(name, values);
                    break;
                case ["alive", var rank, "1"]:
                    alive[rank] = Liveness.Alive;
                    break;
                case ["alive", var rank, _]:
                    alive[rank] = Liveness.Gone;
                    break;
                case ["rebooted", var rank]:
                    alive[rank] = Liveness.Rebooted;
                    break;
                case ["tried"]:
                    tried = true;
                    break;
                case ["done"]:
                    Close();
                    break;
            }
        }
        return runs;

        void Close()
        {
            if (folder is not null)
                runs[folder] = new RunFacts
                {
                    Present = true,
                    Records = records,
                    Supervisors = alive,
                    Tried = tried,
                };
            (folder, records, alive, values, tried) = (null, [], [], null, false);
        }
    }

    /// <summary>Takes one <c>KEY=VALUE</c> line.</summary>
    public static void Put(Dictionary<string, string> values, string line)
    {
        var at = line.IndexOf('=');
        if (at > 0)
            values[line[..at]] = line[(at + 1)..];
    }
}
