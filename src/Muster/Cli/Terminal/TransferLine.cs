using Muster.Transfers;

namespace Muster.Cli.Terminal;

/// <summary>The line that tells how far a transfer is, how fast it goes and how long it takes yet.</summary>
internal sealed class TransferLine(Screen screen, string verb, TimeProvider clock) : IProgress<TransferProgress>
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(1);

    private readonly Queue<(long At, long Bytes)> _seen = [];
    private readonly Lock _turn = new();
    private long _last;

    public void Report(TransferProgress value) => screen.Passing(TextFor(value));

    /// <summary>The rate is that of the last ten seconds; in the first one there is none.</summary>
    internal string TextFor(TransferProgress value)
    {
        var text =
            $"{verb, -11} {value.Files}/{value.AllFiles} files, {Words.Size(value.Bytes)} of "
            + Words.Size(value.AllBytes);
        lock (_turn)
        {
            if (value.Bytes < _last)
                _seen.Clear(); // another transfer
            _last = value.Bytes;
            var now = clock.GetTimestamp();
            while (_seen.Count > 1 && clock.GetElapsedTime(_seen.Peek().At, now) > Window)
                _seen.Dequeue();
            if (_seen.Count == 0 || clock.GetElapsedTime(_seen.Last().At, now) >= Soonest / 4)
                _seen.Enqueue((now, value.Bytes));
            var (at, bytes) = _seen.Peek();
            var took = clock.GetElapsedTime(at, now);
            if (took < Soonest || value.Bytes <= bytes)
                return text;
            var rate = (value.Bytes - bytes) / took.TotalSeconds;
            var left = TimeSpan.FromSeconds(Math.Ceiling(Math.Min((value.AllBytes - value.Bytes) / rate, 1e7)));
            return $"{text}, {Words.Size((long)rate)}/s"
                + (left > TimeSpan.Zero ? $", {Words.Duration(left)} left" : "");
        }
    }
}
