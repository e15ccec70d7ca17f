namespace Muster.Node.Engines.Survey;

/// <summary>
/// What the photos of a flight tell together: where they are, how well they cover the ground, and which are suspicious.
/// </summary>
internal sealed record SurveyReport
{
    private const double MetersPerDegree = 111_320;

    /// <summary>Fewer photos than this see a place too seldom for a reconstruction.</summary>
    private const int EnoughViews = 3;

    public required int Photos { get; init; }
    public required int Located { get; init; }
    public required IReadOnlyDictionary<string, int> Cameras { get; init; }
    public DateTime? From { get; init; }
    public DateTime? To { get; init; }

    /// <summary>The rectangle around all positions.</summary>
    public double WidthMeters { get; init; }
    public double HeightMeters { get; init; }
    public double? MedianSpacingMeters { get; init; }

    /// <summary>Above the ground: as given, or as the drone noted it.</summary>
    public double? FlightHeightMeters { get; init; }
    public double? GroundResolutionCm { get; init; }
    public double? FootprintWidthMeters { get; init; }
    public double? FootprintHeightMeters { get; init; }

    /// <summary>
    /// How much of a photo the next one shows too, in the order they were taken; the median, in percent.
    /// </summary>
    public double? ForwardOverlapPercent { get; init; }
    public required IReadOnlyList<PhotoPlace> Places { get; init; }
    public required IReadOnlyList<Suspicion> Suspicions { get; init; }

    /// <param name="flightHeight">Meters above the ground, where the client knows them.</param>
    public static SurveyReport Of(IReadOnlyList<Photo> photos, double? flightHeight)
    {
        var readable = photos.Where(photo => photo.Fault is null).ToList();
        var located = readable.Where(IsLocated).ToList();
        var latitude = Median(located.Select(photo => photo.Latitude!.Value)) ?? 0;
        var longitude = Median(located.Select(photo => photo.Longitude!.Value)) ?? 0;
        var xs = located
            .Select(photo =>
                (photo.Longitude!.Value - longitude) * MetersPerDegree * Math.Cos(latitude * Math.PI / 180)
            )
            .ToArray();
        var ys = located.Select(photo => (photo.Latitude!.Value - latitude) * MetersPerDegree).ToArray();
        var tree = new PlaceTree(xs, ys);
        var nearest = Enumerable.Range(0, xs.Length).Select(tree.Nearest).ToArray();
        var spacing = Median(nearest.Where(double.IsFinite));
        var height =
            flightHeight
            ?? Median(readable.Select(photo => photo.HeightAboveStart).Where(one => one is > 2).OfType<double>());
        var focal = Median(readable.Select(photo => photo.Focal35).OfType<double>());
        var (width, tall) = (
            (double?)Median(readable.Select(photo => (double?)photo.Width).OfType<double>()),
            (double?)Median(readable.Select(photo => (double?)photo.Height).OfType<double>())
        );
        var footprint = height * 36 / focal;
        var footprintTall = footprint * tall / width;
        var reach = Math.Min(footprint ?? double.PositiveInfinity, footprintTall ?? double.PositiveInfinity) / 2;
        var places = located
            .Select(
                (photo, at) =>
                    new PhotoPlace(
                        photo.Name,
                        photo.Latitude!.Value,
                        photo.Longitude!.Value,
                        photo.Altitude,
                        xs[at],
                        ys[at],
                        photo.Taken,
                        double.IsFinite(reach) ? tree.Around(at, reach) : null
                    )
            )
            .ToList();
        return new()
        {
            Photos = photos.Count,
            Located = located.Count,
            Cameras = readable
                .GroupBy(photo => photo.Camera ?? "unknown")
                .OrderByDescending(group => group.Count())
                .ToDictionary(group => group.Key, group => group.Count()),
            From = readable.Min(photo => photo.Taken),
            To = readable.Max(photo => photo.Taken),
            WidthMeters = Round(xs.DefaultIfEmpty().Max() - xs.DefaultIfEmpty().Min()),
            HeightMeters = Round(ys.DefaultIfEmpty().Max() - ys.DefaultIfEmpty().Min()),
            MedianSpacingMeters = Round(spacing),
            FlightHeightMeters = Round(height),
            GroundResolutionCm = Round(footprint / width * 100),
            FootprintWidthMeters = Round(footprint),
            FootprintHeightMeters = Round(footprintTall),
            ForwardOverlapPercent = Round(Forward(places, footprintTall)),
            Places = places,
            Suspicions =
            [
                .. Suspicious(photos, readable, places, nearest, spacing)
                    .OrderBy(one => one.Photo, StringComparer.Ordinal),
            ],
        };
    }

    private static bool IsLocated(Photo photo) =>
        photo is { Latitude: { } latitude, Longitude: { } longitude }
        && (latitude, longitude) != (0, 0)
        && Math.Abs(latitude) <= 90
        && Math.Abs(longitude) <= 180;

    private static IEnumerable<Suspicion> Suspicious(
        IReadOnlyList<Photo> all,
        List<Photo> readable,
        List<PhotoPlace> places,
        double[] nearest,
        double? spacing
    )
    {
        foreach (var photo in all.Where(photo => photo.Fault is not null))
            yield return new(photo.Name, photo.Fault!);
        foreach (var photo in readable.Where(photo => !IsLocated(photo)))
            yield return new(photo.Name, "it has no position");
        foreach (
            var group in readable
                .GroupBy(photo => (photo.Camera, photo.Width, photo.Height))
                .OrderByDescending(group => group.Count())
                .Skip(1)
        )
        {
            foreach (var photo in group)
                yield return new(
                    photo.Name,
                    $"it is of another camera or size than most: {group.Key.Camera ?? "unknown"}, "
                        + $"{group.Key.Width}×{group.Key.Height}"
                );
        }
        var altitude = Median(places.Select(place => place.Altitude).OfType<double>());
        var spread = Median(places.Select(place => Math.Abs((place.Altitude - altitude) ?? 0)));
        for (var at = 0; at < places.Count; at++)
        {
            var place = places[at];
            if (nearest[at] < 0.1)
                yield return new(place.Name, "it was taken where another was");
            else if (spacing is { } usual && nearest[at] > Math.Max(10, usual * 10))
                yield return new(place.Name, $"it is {nearest[at]:0} m from the next, far from all others");
            else if (spacing is { } normal && nearest[at] > Math.Max(2, normal * 2.5))
                yield return new(
                    place.Name,
                    $"there is a gap around it: the next is {nearest[at]:0} m away, usual are {normal:0.#} m"
                );
            if (
                place.Altitude is { } high
                && altitude is { } median
                && Math.Abs(high - median) > Math.Max(10, 6 * (spread ?? 0))
            )
                yield return new(place.Name, $"its altitude is {high:0} m, usual are {median:0} m");
            if (place.SeenBy is { } views && views < EnoughViews)
                yield return new(place.Name, $"only {views} photos see the ground below it");
        }
    }

    private static double? Forward(List<PhotoPlace> places, double? footprint)
    {
        if (footprint is not { } tall)
            return null;
        var flown = places
            .Where(place => place.Taken is not null)
            .OrderBy(place => place.Taken)
            .ThenBy(place => place.Name, StringComparer.Ordinal)
            .ToList();
        return Median(
            flown.Zip(
                flown.Skip(1),
                (one, next) =>
                    Math.Max(
                        0,
                        100 * (1 - (Math.Sqrt(Math.Pow(next.X - one.X, 2) + Math.Pow(next.Y - one.Y, 2)) / tall))
                    )
            )
        );
    }

    private static double? Median(IEnumerable<double> numbers)
    {
        var sorted = numbers.Order().ToList();
        return sorted.Count == 0 ? null : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private static double? Round(double? number) =>
        number is { } one && double.IsFinite(one) ? Math.Round(one, 2) : null;

    private static double Round(double number) => Math.Round(number, 2);
}

/// <summary>Where a photo was taken: in degrees, and in meters from the middle.</summary>
/// <param name="SeenBy">How many photos show the ground below; null when their reach is not known.</param>
internal sealed record PhotoPlace(
    string Name,
    double Latitude,
    double Longitude,
    double? Altitude,
    double X,
    double Y,
    DateTime? Taken,
    int? SeenBy
);

internal sealed record Suspicion(string Photo, string Why);
