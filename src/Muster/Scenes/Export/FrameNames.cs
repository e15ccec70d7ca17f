namespace Muster.Scenes.Export;

/// <summary>
/// What the files of each key frame are called: as the image it was, or by its number. No two are called alike.
/// </summary>
internal static class FrameNames
{
    public static IReadOnlyList<string> Of(double[] times, int stride, ImageNames? images)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        return
        [
            .. times.Select(
                (time, keyframe) =>
                {
                    var at = time * stride;
                    var name =
                        images is not null && at >= 0 && at < images.Names.Count
                            ? Path.GetFileNameWithoutExtension(images.Names[(int)at])
                            : $"{time:000000}";
                    return taken.Add(name) ? name : $"{name}-keyframe{keyframe}";
                }
            ),
        ];
    }
}
