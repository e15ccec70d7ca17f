using Muster.Runs.Submit;
using Muster.Sites;

namespace Muster.Runs.Launching;

/// <summary>
/// A host of two processors and two GPUs and runs that stand in its line, each a real supervisor that stands still
/// before each step that others can see.
/// </summary>
internal sealed class QueueSite : IDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly List<SteppedScript?> _scripts = [];
    private readonly List<RunPlan> _plans = [];
    private readonly List<string> _story = [];
    private readonly HashSet<int> _begun = [];
    private readonly HashSet<int> _running = [];
    private readonly HashSet<int> _killed = [];

    public QueueSite(Func<string, string, string>? change, params (int Cpus, int Gpus)[] wants)
    {
        const string memory = "/dev/shm";
        _folder = Directory.Exists(memory)
            ? Directory.CreateDirectory(Path.Combine(memory, $"muster-{Guid.NewGuid():N}"))
            : Directory.CreateTempSubdirectory("muster-");
        foreach (var (cpus, gpus) in wants)
        {
            var plan = Plans.Nothing() with { Cpus = cpus, Gpus = gpus, Slots = new HostSlots(2, 1000, 2) };
            _plans.Add(plan);
            _scripts.Add(null);
            foreach (var name in (string[])["code", "in", "out", "logs", "status"])
                Directory.CreateDirectory(Path.Combine(Folder(plan), name));
            foreach (var file in RunFiles.For(plan, new Dictionary<string, string>()))
                File.WriteAllText(
                    Path.Combine(Folder(plan), file.Name),
                    change?.Invoke(file.Name, file.Text) ?? file.Text
                );
        }
    }

    public string Line => Path.Combine(_folder.FullName, "queue", "here");
    public string Story => string.Join('\n', _story);
    public bool AllBegan => _plans.Select((_, who) => who).All(who => _begun.Contains(who) || _killed.Contains(who));

    public bool Stands(int who, string before) =>
        _scripts[who]?.At?.StartsWith(before + " ", StringComparison.Ordinal) is true;

    /// <summary>Lets a supervisor take a step; false when there is none for it to take.</summary>
    public bool Step(int who)
    {
        if (_killed.Contains(who) || _running.Contains(who))
            return false;
        var script = _scripts[who] ??= new(Folder(_plans[who]), 0, ["supervise", "main", "0"]);
        if (script.At is null)
            return false;
        _story.Add($"{who}: {script.At}");
        if (script.At.EndsWith(" .setup.main.0", StringComparison.Ordinal))
        {
            Assert.True(_begun.Add(who), $"{who} begins twice\n{Story}");
            _running.Add(who);
            _story.Add($"{who} begins its command");
            Check();
            return false;
        }
        script.Go();
        return true;
    }

    /// <summary>Kills a supervisor where it stands; what it took is free.</summary>
    public void Kill(int who)
    {
        if (!_killed.Add(who))
            return;
        _story.Add($"{who} is killed{(_scripts[who]?.At is { } at ? $" before: {at}" : "")}");
        _scripts[who]?.Die();
        _running.Remove(who);
    }

    public void Cancel(int who)
    {
        _story.Add($"{who} is cancelled");
        File.WriteAllText(Path.Combine(Folder(_plans[who]), "status", "cancel"), "time=1\n");
    }

    /// <summary>A command ends, and its supervisor is gone.</summary>
    public void End(int who)
    {
        if (!_running.Remove(who))
            return;
        _story.Add($"{who} ends");
        _scripts[who]!.Die();
    }

    /// <summary>What is begun is ended, and everybody else goes on, until nobody is left.</summary>
    public void Finish()
    {
        for (var round = 0; round < 400; round++)
        {
            var moved = false;
            for (var who = 0; who < _plans.Count; who++)
            {
                moved |= Step(who);
                if (_running.Count == 0 || round % 20 != 19)
                    continue;
                End(_running.First());
                moved = true;
            }
            if (!moved && _running.Count == 0)
                break;
        }
        Assert.True(
            _plans.Select((_, who) => who).All(who => _killed.Contains(who) || _scripts[who]!.At is null),
            $"somebody still waits\n{Story}"
        );
    }

    /// <summary>Nobody has what another has, and nobody has more than there is.</summary>
    private void Check()
    {
        var running = _running.Select(who => _plans[who]).ToList();
        Assert.True(running.Sum(plan => plan.Cpus) <= 2, $"more processors than there are\n{Story}");
        Assert.True(running.Sum(plan => plan.Gpus) <= 2, $"more GPUs than there are\n{Story}");
        var gpus = Directory
            .GetFiles(Line, "held.*")
            .Where(file => running.Any(plan => file.Contains($".{plan.Id}.", StringComparison.Ordinal)))
            .SelectMany(file => Path.GetFileName(file).Split('.')[8][1..].Split('+'))
            .Where(gpu => gpu.Length > 0)
            .ToList();
        Assert.True(gpus.Count == gpus.Distinct().Count(), $"a GPU has two runs\n{Story}");
        Assert.True(gpus.Count == running.Sum(plan => plan.Gpus), $"a run has not its GPUs\n{Story}");
    }

    public void Dispose()
    {
        foreach (var script in _scripts)
            script?.Dispose();
        _folder.Delete(recursive: true);
    }

    private string Folder(RunPlan plan) => Path.Combine(_folder.FullName, "runs", plan.Id.ToString());
}
