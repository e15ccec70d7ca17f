using System.Globalization;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Placing;

/// <summary>
/// How long tasks take, learned from those that ended well: a machine that is had for a time gets no task that cannot
/// finish there.
/// </summary>
public sealed class TaskTimes
{
    private const string Setting = "task-times";
    private const int Remembered = 100;
    private const int Enough = 3;

    /// <summary>Until something is known: five minutes, and twenty seconds an image.</summary>
    private static readonly TimeSpan GuessAtLeast = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan GuessForImage = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Tasks of as many images differ; one that takes longer than others like it should still finish.
    /// </summary>
    private const double Caution = 1.5;

    private readonly Lock _lock = new();
    private readonly TaskStore _store;
    private readonly List<(int Images, double Seconds)> _known;
    private readonly HashSet<Guid> _counted = [];
    private readonly Dictionary<int, TimeSpan> _answers = [];
    private bool _isNew;

    public TaskTimes(TaskStore store, TaskLedger ledger)
    {
        _store = store;
        _known = Read(store.Setting(Setting));
        ledger.Changed += (tasks, _) => Learn(tasks);
    }

    /// <param name="timed">Whether the time that it takes decides where it can go.</param>
    public WaitingTask Waiting(GatewayTask task, bool timed) =>
        new(task.Id, task.Owner, timed ? task.Need with { LikelyTime = For(task.Images) } : task.Need)
        {
            IsChild = task.Parent is not null,
        };

    /// <summary>How long a task of so many images is likely to take at most.</summary>
    public TimeSpan For(int images)
    {
        // Thousands that wait have as many images as others.
        lock (_lock)
            return _answers.TryGetValue(images, out var known) ? known : _answers[images] = Estimate(images);
    }

    private TimeSpan Estimate(int images)
    {
        var like = _known.Where(one => one.Images >= images / 4.0 && one.Images <= images * 4.0).ToList();
        if (like.Count < Enough)
            return GuessAtLeast + (GuessForImage * images);
        var perImage = like.Select(one => one.Seconds / one.Images).Order().ToList();
        return TimeSpan.FromSeconds(Caution * images * perImage[perImage.Count / 2]);
    }

    private void Learn(IReadOnlyList<GatewayTask> tasks)
    {
        foreach (var task in tasks)
        {
            if (
                task is not { Phase: TaskPhase.Ended { Code: TaskCode.Completed }, Images: > 0, ProcessingTime: > 0 }
                || task.IsSplitMergeParent
            )
                continue;
            lock (_lock)
            {
                if (!_counted.Add(task.Id))
                    continue; // changed once more since its end
                if (_counted.Count > Remembered * 100)
                    _counted.Clear();
                _known.Add((task.Images, task.ProcessingTime / 1000.0));
                if (_known.Count > Remembered)
                    _known.RemoveAt(0);
                _answers.Clear();
                _isNew = true;
            }
        }
    }

    /// <summary>Keeps what was learned for the next start.</summary>
    internal void Save()
    {
        string text;
        lock (_lock)
        {
            if (!_isNew)
                return;
            _isNew = false;
            text = string.Join(
                ' ',
                _known.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Images}:{one.Seconds:0.###}"))
            );
        }
        _store.Set(Setting, text);
    }

    private static List<(int, double)> Read(string? text) =>
        [
            .. (text ?? "")
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(pair => pair.Split(':'))
                .Select(pair =>
                    (
                        int.Parse(pair[0], CultureInfo.InvariantCulture),
                        double.Parse(pair[1], CultureInfo.InvariantCulture)
                    )
                ),
        ];
}
