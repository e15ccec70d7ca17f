namespace Muster.Scenes.Drawing;

/// <summary>A colour.</summary>
public readonly record struct Ink(byte Red, byte Green, byte Blue)
{
    public static Ink White { get; } = new(255, 255, 255);
    public static Ink Black { get; } = new(34, 34, 34);
    public static Ink Grey { get; } = new(140, 140, 140);
    public static Ink Pale { get; } = new(225, 225, 225);
    public static Ink Blueish { get; } = new(0, 114, 178);
    public static Ink Orange { get; } = new(213, 94, 0);

    public override string ToString() => $"#{Red:x2}{Green:x2}{Blue:x2}";
}

/// <summary>Pixels in rows, red, green and blue.</summary>
public sealed class Raster
{
    public Raster(int width, int height, byte[]? pixels = null) =>
        (Width, Height, Pixels) = (width, height, pixels ?? new byte[3 * width * height]);

    public int Width { get; }
    public int Height { get; }
    public byte[] Pixels { get; }

    public Ink this[int x, int y]
    {
        get
        {
            var at = 3 * ((y * Width) + x);
            return new(Pixels[at], Pixels[at + 1], Pixels[at + 2]);
        }
        set
        {
            var at = 3 * ((y * Width) + x);
            (Pixels[at], Pixels[at + 1], Pixels[at + 2]) = (value.Red, value.Green, value.Blue);
        }
    }

    public void Fill(Ink ink)
    {
        for (var y = 0; y < Height; y++)
        for (var x = 0; x < Width; x++)
            this[x, y] = ink;
    }

    /// <summary>Lays a colour over a pixel, as far as it covers it. Outside there is nothing.</summary>
    public void Blend(int x, int y, Ink ink, double cover)
    {
        if (x < 0 || y < 0 || x >= Width || y >= Height || cover <= 0)
            return;
        var part = Math.Min(1, cover);
        byte Mix(byte under, byte over) => (byte)(under + ((over - under) * part) + 0.5);
        var old = this[x, y];
        this[x, y] = new(Mix(old.Red, ink.Red), Mix(old.Green, ink.Green), Mix(old.Blue, ink.Blue));
    }

    /// <summary>A line with soft edges.</summary>
    public void Line(Spot from, Spot to, double width, Ink ink)
    {
        var length = from.To(to);
        if (!(length < 1e5))
            return;
        // A long line is drawn in pieces, so that little beside it is looked at. Each pixel belongs to the piece that
        // it is nearest to.
        var pieces = Math.Max(1, (int)(length / 12));
        var reach = (width / 2) + 1;
        for (var piece = 0; piece < pieces; piece++)
        {
            var (start, end) = (from.Toward(to, (double)piece / pieces), from.Toward(to, (double)(piece + 1) / pieces));
            for (var y = Low(start.Y, end.Y); y <= High(start.Y, end.Y, Height); y++)
            {
                for (var x = Low(start.X, end.X); x <= High(start.X, end.X, Width); x++)
                {
                    var spot = new Spot(x + 0.5, y + 0.5);
                    var along = Along(spot, from, to);
                    if (Math.Min(pieces - 1, (int)(along * pieces)) == piece)
                        Blend(x, y, ink, (width / 2) + 0.5 - spot.To(from.Toward(to, along)));
                }
            }
        }

        int Low(double a, double b) => (int)Math.Max(0, Math.Floor(Math.Min(a, b) - reach));
        int High(double a, double b, int size) => (int)Math.Min(size - 1, Math.Ceiling(Math.Max(a, b) + reach));
    }

    /// <summary>Where on the way from one spot to another a third is nearest, from 0 to 1.</summary>
    private static double Along(Spot spot, Spot from, Spot to)
    {
        var (dx, dy) = (to.X - from.X, to.Y - from.Y);
        var squared = (dx * dx) + (dy * dy);
        return squared == 0 ? 0 : Math.Clamp((((spot.X - from.X) * dx) + ((spot.Y - from.Y) * dy)) / squared, 0, 1);
    }
}

/// <summary>A place in a picture, x to the right, y down.</summary>
public readonly record struct Spot(double X, double Y)
{
    public double To(Spot other) => Math.Sqrt(((X - other.X) * (X - other.X)) + ((Y - other.Y) * (Y - other.Y)));

    public Spot Toward(Spot other, double part) => new(X + (part * (other.X - X)), Y + (part * (other.Y - Y)));
}
