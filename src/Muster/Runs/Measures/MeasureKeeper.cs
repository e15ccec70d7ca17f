using System.Globalization;
using System.Text;
using Muster.Faults;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Runs.Measures;

/// <summary>
/// Brings home what runs have measured: each host is asked once for all of its runs, and sends what is new.
/// </summary>
public sealed class MeasureKeeper(MeasureStore store, Func<string, OpenSite> open, TimeProvider clock)
{
    /// <summary>More than this is never read of one host's answer.</summary>
    private const int MostBytes = 256 << 20;

    /// <summary>Of more indices than this, less is kept of each.</summary>
    private const int MostWhole = 16;

    /// <summary>
    /// Asks the hosts of those runs of which more can have come. What does not answer within
    /// <paramref name="patience"/> stays as it was.
    /// </summary>
    /// <param name="runs">With states as fresh as the measures are to be.</param>
    /// <returns>The sites that did not answer.</returns>
    public async Task<IReadOnlyList<string>> RefreshAsync(
        IReadOnlyList<Run> runs,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        var known = store.Summaries([.. runs.Select(run => run.Id)]);
        var asked = runs.Where(run =>
                run.State is not (RunState.Planned or RunState.Staging or RunState.Launched or RunState.Queued)
                && known.GetValueOrDefault(run.Id)?.IsFinal is not true
            )
            .Select(run => new Asked(run, store.Find(run.Id)))
            .ToList();
        var silent = new List<string>();
        var places = asked
            .SelectMany(one => one.Run.Plan.Hosts().Select(host => (one.Run.Plan.Site, Host: host, One: one)))
            .GroupBy(place => (place.Site, place.Host));
        await Task.WhenAll(
            places.Select(async place =>
            {
                if (!await AskAsync(place.Key.Site, place.Key.Host, [.. place.Select(each => each.One)], patience, ct))
                    lock (silent)
                        silent.Add(place.Key.Site);
            })
        );
        foreach (var one in asked)
            store.Put(one.Run.Plan, one.Known());
        return [.. silent.Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>A run that is asked about, and what is known of it by now.</summary>
    private sealed class Asked(Run run, RunMeasures before)
    {
        private readonly Dictionary<string, MeasuredFile> _files = new(before.Files);
        private int _whole;

        public Run Run => run;

        /// <summary>What it is asked about on a host: the files that are known, with their stamps.</summary>
        public IEnumerable<string> Stamps(string? host) =>
            before
                .Files.Where(pair => pair.Key.StartsWith($"{host} ", StringComparison.Ordinal))
                .Select(pair => $"{pair.Key[($"{host} ".Length)..]}={pair.Value.Stamp}");

        public void Take(string? host, string name, string stamp, ReadOnlyMemory<byte> bytes)
        {
            var file = RunMeasures.Read(name, stamp, bytes);
            if (run.Plan.Array?.Indices.Count is > MostWhole and var many)
            {
                var kept = Math.Max(16, MetricSeries.Kept * MostWhole / many);
                file = file with { Series = [.. file.Series.Select(series => series.With(kept))] };
            }
            lock (_files)
                _files[$"{host} {name}"] = file;
        }

        /// <summary>A host has told all that it has.</summary>
        public void Whole() => Interlocked.Increment(ref _whole);

        public RunMeasures Known() =>
            new() { Files = _files, IsFinal = run.State is RunState.Ended && _whole == run.Plan.Hosts().Count };
    }

    private async Task<bool> AskAsync(
        string siteName,
        string? host,
        IReadOnlyList<Asked> asked,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        using var limit = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            var site = open(siteName);
            if (host is not null && site.Cloud is { } cloud && await cloud.HasGoneAsync(host, either.Token))
                return true; // what it had not told is gone with it
            var byFolder = asked.ToDictionary(one => one.Run.Plan.FolderOn(host));
            List<string> words = [site.Root];
            foreach (var (folder, one) in byFolder)
                words.AddRange([folder, .. one.Stamps(host), "."]);
            await using var channel = await site.HostOf(host)
                .OpenAsync(ShellText.Script("Runs/Measures/measures.sh", words), either.Token);
            var answer = await ReadAsync(channel.Output, either.Token);
            return Take(answer, host, byFolder);
        }
        catch (Exception fault)
            when (fault is UserException or IOException
                || fault is OperationCanceledException && !ct.IsCancellationRequested
            )
        {
            return false;
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(Stream stream, CancellationToken ct)
    {
        var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await stream.ReadAsync(buffer, ct) is > 0 and var count && all.Length + count <= MostBytes)
            await all.WriteAsync(buffer.AsMemory(0, count), ct);
        return all.GetBuffer().AsMemory(0, (int)all.Length);
    }

    /// <summary>Takes what a host sent. False where it breaks off: what came before that counts all the same.</summary>
    private static bool Take(ReadOnlyMemory<byte> answer, string? host, Dictionary<string, Asked> byFolder)
    {
        Asked? at = null;
        var more = false;
        while (answer.Span.IndexOf((byte)'\n') is >= 0 and var end)
        {
            var line = Encoding.UTF8.GetString(answer.Span[..end]);
            answer = answer[(end + 1)..];
            switch (line.Split(' '))
            {
                case ["F", var folder]:
                    at = byFolder.GetValueOrDefault(folder);
                    break;
                case ["M"]:
                    more = true;
                    break;
                case ["B", var name, var stamp, var lengthText]
                    when at is not null
                        && int.TryParse(lengthText, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                        && length < answer.Length
                        && answer.Span[length] == (byte)'\n':
                    at.Take(host, name, stamp, answer[..length]);
                    answer = answer[(length + 1)..];
                    break;
                case ["E"]:
                    if (!more)
                        foreach (var one in byFolder.Values)
                            one.Whole();
                    return true;
                default:
                    return false;
            }
        }
        return false;
    }
}
