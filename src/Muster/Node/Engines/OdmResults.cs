namespace Muster.Node.Engines;

/// <summary>What ODM leaves behind, and what its exit codes mean.</summary>
internal static class OdmResults
{
    public static IReadOnlyList<string> All { get; } =
    [
        .. new[] { "tif", "tfw", "png", "wld", "mbtiles", "kmz" }.Select(extension =>
            $"odm_orthophoto/odm_orthophoto.{extension}"
        ),
        "odm_orthophoto/odm_orthophoto_extent.dxf",
        "odm_orthophoto/cutline.gpkg",
        "odm_georeferencing",
        "odm_texturing",
        "odm_report",
        "dsm_tiles",
        "dtm_tiles",
        "orthophoto_tiles",
        "potree_pointcloud",
        "entwine_pointcloud",
        "3d_tiles",
        "odm_dem/dsm.tif",
        "odm_dem/dtm.tif",
        "odm_dem/dsm.euclideand.tif",
        "odm_dem/dtm.euclideand.tif",
        "images.json",
        "cameras.json",
        "task_output.txt",
        "log.json",
    ];

    /// <summary>The texts that WebODM's pages look for; null for success.</summary>
    public static string? ErrorOf(int code) =>
        code switch
        {
            0 => null,
            1 or 134 or 139 => "Cannot process dataset",
            137 => "Not enough memory",
            132 => "Unsupported CPU",
            3 => "Installation issue",
            _ => $"Processing failed ({code})",
        };
}
