using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Muster.Node.Engines.Survey;

/// <summary>A survey's report as files: JSON, GeoJSON, a map in SVG, and a page.</summary>
internal static class SurveyFiles
{
    private const int MapSize = 800;
    private const int Margin = 40;

    public static void Write(string folder, SurveyReport report, IReadOnlyList<Photo> photos)
    {
        var survey = Path.Combine(folder, "survey");
        Directory.CreateDirectory(survey);
        var map = Map(report);
        File.WriteAllText(
            Path.Combine(survey, "report.json"),
            JsonSerializer.Serialize(report, SurveyJson.Default.SurveyReport)
        );
        File.WriteAllText(Path.Combine(survey, "positions.geojson"), GeoJson(report));
        File.WriteAllText(Path.Combine(survey, "map.svg"), map);
        File.WriteAllText(Path.Combine(survey, "report.html"), Page(report, map));
        File.WriteAllText(
            Path.Combine(folder, "images.json"),
            JsonSerializer.Serialize(
                [
                    .. photos.Select(photo => new PhotoView(
                        photo.Name,
                        photo.Width,
                        photo.Height,
                        photo.Camera,
                        photo.Latitude,
                        photo.Longitude,
                        photo.Altitude,
                        photo.Taken
                    )),
                ],
                SurveyJson.Default.IReadOnlyListPhotoView
            )
        );
    }

    public static string GeoJson(SurveyReport report)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            var why = report.Suspicions.ToLookup(one => one.Photo, one => one.Why);
            json.WriteStartObject();
            json.WriteString("type", "FeatureCollection");
            json.WriteStartArray("features");
            foreach (var place in report.Places)
            {
                json.WriteStartObject();
                json.WriteString("type", "Feature");
                json.WriteStartObject("geometry");
                json.WriteString("type", "Point");
                json.WriteStartArray("coordinates");
                json.WriteNumberValue(place.Longitude);
                json.WriteNumberValue(place.Latitude);
                if (place.Altitude is { } altitude)
                    json.WriteNumberValue(altitude);
                json.WriteEndArray();
                json.WriteEndObject();
                json.WriteStartObject("properties");
                json.WriteString("name", place.Name);
                if (place.Taken is { } taken)
                    json.WriteString("taken", taken);
                if (place.SeenBy is { } views)
                    json.WriteNumber("seen_by", views);
                if (why.Contains(place.Name))
                    json.WriteString("suspicion", string.Join("; ", why[place.Name]));
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>North is up. The line follows the flight; what is suspicious is red.</summary>
    public static string Map(SurveyReport report)
    {
        var svg = new StringBuilder(
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {MapSize} {MapSize}" font-family="sans-serif" font-size="12">"""
        ).Append('\n');
        if (report.Places.Count > 0)
        {
            var (left, right) = (report.Places.Min(place => place.X), report.Places.Max(place => place.X));
            var (bottom, top) = (report.Places.Min(place => place.Y), report.Places.Max(place => place.Y));
            var scale = (MapSize - (2 * Margin)) / Math.Max(1, Math.Max(right - left, top - bottom));
            string At(double x, double y) => $"{N(Margin + ((x - left) * scale))},{N(Margin + ((top - y) * scale))}";
            var suspicious = report.Suspicions.ToLookup(one => one.Photo, one => one.Why);
            if (report is { FootprintWidthMeters: { } width, FootprintHeightMeters: { } height })
            {
                foreach (var place in report.Places)
                {
                    var corner = At(place.X - (width / 2), place.Y + (height / 2)).Split(',');
                    svg.Append(
                            CultureInfo.InvariantCulture,
                            $"""<rect x="{corner[0]}" y="{corner[1]}" width="{N(width * scale)}" height="{N(height * scale)}" fill="#48c" fill-opacity=".06"/>"""
                        )
                        .Append('\n');
                }
            }
            var flight = report
                .Places.Where(place => place.Taken is not null)
                .OrderBy(place => place.Taken)
                .ThenBy(place => place.Name, StringComparer.Ordinal);
            svg.Append(
                    CultureInfo.InvariantCulture,
                    $"""<polyline fill="none" stroke="#888" points="{string.Join(' ', flight.Select(place => At(place.X, place.Y)))}"/>"""
                )
                .Append('\n');
            foreach (var place in report.Places)
            {
                var at = At(place.X, place.Y).Split(',');
                var why = suspicious[place.Name].ToList();
                svg.Append(
                        CultureInfo.InvariantCulture,
                        $"""<circle cx="{at[0]}" cy="{at[1]}" r="4" fill="{(why.Count > 0 ? "#c33" : "#283")}"><title>{Text(string.Join("; ", why.Prepend(place.Name)))}</title></circle>"""
                    )
                    .Append('\n');
            }
            var bar = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(1, (MapSize - (2 * Margin)) / scale / 2))));
            svg.Append(
                    CultureInfo.InvariantCulture,
                    $"""<path d="M{Margin},{MapSize - 12}h{N(bar * scale)}" stroke="#000" stroke-width="2"/><text x="{Margin}" y="{MapSize - 18}">{N(bar)} m</text>"""
                )
                .Append('\n');
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static string Page(SurveyReport report, string map)
    {
        var rows = new (string What, string? Value)[]
        {
            ("Photos", $"{report.Photos}, {report.Located} with a position"),
            ("Cameras", string.Join(", ", report.Cameras.Select(pair => $"{pair.Key} ({pair.Value})"))),
            (
                "Taken",
                report.From is { } from ? $"{from:yyyy-MM-dd HH:mm:ss} to {report.To:yyyy-MM-dd HH:mm:ss}" : null
            ),
            ("Area", report.Located > 0 ? $"{N(report.WidthMeters)} m × {N(report.HeightMeters)} m" : null),
            ("Spacing", Of(report.MedianSpacingMeters, "m")),
            ("Height above ground", Of(report.FlightHeightMeters, "m")),
            ("Ground resolution", Of(report.GroundResolutionCm, "cm per pixel")),
            (
                "A photo shows",
                report.FootprintWidthMeters is { } width
                    ? $"{N(width)} m × {N(report.FootprintHeightMeters ?? 0)} m"
                    : null
            ),
            ("Forward overlap", Of(report.ForwardOverlapPercent, "%")),
        };
        return $$"""
            <!doctype html>
            <html lang="en"><meta charset="utf-8"><title>Survey</title>
            <style>body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; } td { padding: .2rem 1rem .2rem 0; vertical-align: top; } svg { max-width: 100%; border: 1px solid #ccc; }</style>
            <h1>Survey</h1>
            <table>{{string.Concat(
                rows.Where(row => row.Value is not null).Select(row => $"<tr><td>{row.What}<td>{Text(row.Value!)}")
            )}}</table>
            {{map}}
            <h2>{{report.Suspicions.Count}} suspicions</h2>
            <table>{{string.Concat(
                report.Suspicions.Select(one => $"<tr><td>{Text(one.Photo)}<td>{Text(one.Why)}")
            )}}</table>
            </html>

            """;
    }

    private static string? Of(double? number, string unit) => number is { } one ? $"{N(one)} {unit}" : null;

    private static string N(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}

internal sealed record PhotoView(
    string Filename,
    int? Width,
    int? Height,
    string? Camera,
    double? Latitude,
    double? Longitude,
    double? Altitude,
    DateTime? Taken
);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(SurveyReport))]
[JsonSerializable(typeof(IReadOnlyList<PhotoView>))]
internal sealed partial class SurveyJson : JsonSerializerContext;
