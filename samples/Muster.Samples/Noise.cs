namespace Muster.Samples;

/// <summary>Smooth randomness in the plane, from 0 to 1, that depends on the place alone.</summary>
internal static class Noise
{
    public static float At(float x, float y)
    {
        var (left, bottom) = ((int)MathF.Floor(x), (int)MathF.Floor(y));
        var (right, up) = (Smooth(x - left), Smooth(y - bottom));
        return float.Lerp(
            float.Lerp(Hash(left, bottom), Hash(left + 1, bottom), right),
            float.Lerp(Hash(left, bottom + 1), Hash(left + 1, bottom + 1), right),
            up
        );
    }

    public static float Hash(int x, int y)
    {
        var mixed = unchecked(((uint)x * 374761393) + ((uint)y * 668265263));
        mixed = (mixed ^ (mixed >> 13)) * 1274126177;
        return ((mixed ^ (mixed >> 16)) & 0xffff) / 65535f;
    }

    private static float Smooth(float share) => share * share * (3 - (2 * share));
}
