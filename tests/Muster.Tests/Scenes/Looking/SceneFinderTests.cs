namespace Muster.Scenes.Looking;

public sealed class SceneFinderTests
{
    [Fact]
    public void Scenes_are_found_by_what_their_writers_call_them()
    {
        Assert.Equal(
            [
                "PLY cloud mesh.PLY",
                "trajectory run.tum",
                "DROID-SLAM reconstruction saved/",
                "COLMAP model sparse/0/",
                "COLMAP model text/",
            ],
            Found(
                "mesh.PLY",
                "run.tum",
                "notes.txt",
                "sparse/0/cameras.bin",
                "sparse/0/images.bin",
                "sparse/0/points3D.bin",
                "text/cameras.txt",
                "text/images.txt",
                "text/points3D.txt",
                "saved/tstamps.npy",
                "saved/images.npy",
                "saved/disps.npy",
                "saved/poses.npy",
                "saved/intrinsics.npy",
                "half/images.bin",
                "other/weights.pth"
            )
        );
        Assert.Equal(["DROID-SLAM reconstruction out/reconstruction.pth"], Found("out/reconstruction.pth"));
    }

    [Fact]
    public void What_is_part_of_a_scene_is_not_one_of_its_own()
    {
        string[] export =
        [
            "points.ply",
            "trajectory.tum",
            "keyframes.tum",
            "colmap/cameras.txt",
            "colmap/images.txt",
            "colmap/points3D.txt",
        ];
        Assert.Equal(
            ["exported scene scene/", "PLY cloud scene-2/other.ply"],
            Found([.. export.Select(name => "scene/" + name), "scene-2/other.ply"])
        );
        Assert.Equal(["exported scene /"], Found(export));
    }

    [Fact]
    public void It_is_told_how_much_is_read_to_show_one()
    {
        var found = SceneFinder.Among([("a/points.ply", 700), ("a/run.tum", 1), ("b.ply", 5)]);
        Assert.Equal([("b.ply", 5L), ("a", 700L)], found.Select(scene => (scene.Path, scene.Bytes)));
    }

    private static IEnumerable<string> Found(params string[] files) =>
        SceneFinder
            .Among(files.Select(file => (file, 1L)))
            .Select(scene => $"{scene.Kind} {scene.Path}{(scene.IsFolder ? "/" : "")}");
}
