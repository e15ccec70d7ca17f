using System.Numerics;
using Muster.Samples;

// The photos of samples/: `dotnet run -c Release --project samples/Muster.Samples FOLDER`. A drone flies four strips
// over a landscape, forth and back.
const int strips = 4,
    photos = 4;
const float height = 45,
    side = 20,
    forward = 13;
var folder = Directory.CreateDirectory(args is [var named, ..] ? named : "samples").FullName;
var land = new Landscape();
var random = new Random(1);
float Jitter(float most) => most * ((2 * random.NextSingle()) - 1);
var time = new DateTime(2026, 5, 9, 11, 20, 0);
for (var number = 0; number < strips * photos; number++)
{
    var (strip, step) = (number / photos, number % photos);
    var north = strip % 2 == 0;
    var place =
        new Vector3(
            side * (strip - ((strips - 1) / 2f)),
            forward * ((north ? step : photos - 1 - step) - ((photos - 1) / 2f)),
            height
        ) + new Vector3(Jitter(0.8f), Jitter(0.8f), Jitter(0.5f));
    var camera = new Camera(place, (north ? 0 : MathF.PI) + Jitter(0.05f), Jitter(0.04f), Jitter(0.04f));
    time = time.AddSeconds(step == 0 ? 8 : 3);
    // A receiver of satellites is never quite right.
    var exif = Exif.Segments(place + new Vector3(Jitter(0.4f), Jitter(0.4f), Jitter(0.4f)), time);
    File.WriteAllBytes(
        Path.Combine(folder, $"field_{number + 1:00}.jpg"),
        Jpeg.Encode(camera.Take(land), Camera.Width, Camera.Height, exif)
    );
    Console.WriteLine($"field_{number + 1:00}.jpg");
}
