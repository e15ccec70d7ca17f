using System.Globalization;

namespace Muster.Node.Engines.Survey;

/// <summary>The survey itself: reads the photos of a project, and writes its report there.</summary>
internal static class SurveyWork
{
    /// <param name="height">Meters above the ground, where the client knows them.</param>
    /// <param name="progress">Takes 0 to 100.</param>
    /// <returns>The exit code, as ODM's.</returns>
    public static int Run(string project, double? height, int threads, Action<string> say, Action<double> progress)
    {
        var paths = EngineWork.PhotosOf(project);
        var photos = new Photo[paths.Count];
        say($"Reading {paths.Count} photos");
        var done = 0;
        Parallel.For(
            0,
            paths.Count,
            new ParallelOptions { MaxDegreeOfParallelism = threads },
            at =>
            {
                photos[at] = Photo.Read(paths[at]);
                var read = Interlocked.Increment(ref done);
                if (read * 100L / paths.Count > (read - 1) * 100L / paths.Count)
                    progress(90.0 * read / paths.Count);
            }
        );
        if (photos.All(photo => photo.Fault is not null))
        {
            say($"None of the {paths.Count} photos can be read");
            return 1;
        }
        var report = SurveyReport.Of(photos, height);
        SurveyFiles.Write(project, report, photos);
        say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Located} of {report.Photos} photos have a position, over {report.WidthMeters:0} m × "
                    + $"{report.HeightMeters:0} m"
            )
        );
        if (report.GroundResolutionCm is { } resolution)
            say(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Ground resolution {resolution:0.##} cm per pixel, forward overlap "
                        + $"{report.ForwardOverlapPercent:0} %"
                )
            );
        foreach (var one in report.Suspicions)
            say($"{one.Photo}: {one.Why}");
        return 0;
    }
}
