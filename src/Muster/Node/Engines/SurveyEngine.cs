using System.Globalization;
using Muster.Node.Engines.Survey;
using Muster.NodeOdm;

namespace Muster.Node.Engines;

/// <summary>Built in: reads what the photos say of themselves, and tells how the flight went.</summary>
public sealed class SurveyEngine : IEngine
{
    public string Name => "survey";
    public string Version => "1.0.0";
    public IReadOnlyList<string> Results { get; } = ["survey", "images.json", "task_output.txt"];

    public IReadOnlyList<OptionDescription> Options { get; } =
    [
        new() { Name = "flight-height", Type = "float", Value = "0", Domain = new("positive float"), Help = "Meters above the ground, where photos do not say it; 0 for not known. Default: %(default)s" },
        new() { Name = "max-concurrency", Type = "int", Value = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture), Domain = new("positive integer"), Help = "Most photos that are read at once. Default: %(default)s" },
    ];

    public async Task<string?> RunAsync(EngineWork work, CancellationToken ct)
    {
        var paths = work.Photos();
        var photos = new Photo[paths.Count];
        var threads = int.TryParse(work.Option("max-concurrency"), out var asked) && asked > 0 ? asked : Environment.ProcessorCount;
        work.Output.Say($"Reading {paths.Count} photos");
        var done = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, paths.Count), new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = ct }, (at, _) =>
        {
            photos[at] = Photo.Read(paths[at]);
            work.Progress(90.0 * Interlocked.Increment(ref done) / paths.Count);
            return ValueTask.CompletedTask;
        });
        if (photos.All(photo => photo.Fault is not null))
        {
            work.Output.Say($"None of the {paths.Count} photos can be read");
            return OdmResults.ErrorOf(1);
        }
        var height = double.TryParse(work.Option("flight-height"), NumberStyles.Float, CultureInfo.InvariantCulture, out var given) && given > 0 ? given : (double?)null;
        var report = SurveyReport.Of(photos, height);
        SurveyFiles.Write(work.Folder, report, photos);
        work.Output.Say($"{report.Located} of {report.Photos} photos have a position, over {report.WidthMeters:0} m × {report.HeightMeters:0} m");
        if (report.GroundResolutionCm is { } resolution) work.Output.Say($"Ground resolution {resolution:0.##} cm per pixel, forward overlap {report.ForwardOverlapPercent:0} %");
        foreach (var one in report.Suspicions) work.Output.Say($"{one.Photo}: {one.Why}");
        return null;
    }
}
