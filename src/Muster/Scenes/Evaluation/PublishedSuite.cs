using Muster.Faults;

namespace Muster.Scenes.Evaluation;

/// <summary>
/// What DROID-SLAM's paper says of a benchmark: the error of each sequence in metres, and their mean. ETH3D gives a
/// score instead.
/// </summary>
/// <param name="Source">The table of the paper.</param>
public sealed record PublishedSuite(
    string Name,
    string Source,
    AlignmentMode Alignment,
    IReadOnlyList<(string Sequence, double Rmse)> Errors,
    double? Mean,
    double? Score
)
{
    public static IReadOnlyList<PublishedSuite> All { get; } =
    [
        new(
            "tum",
            "table 4, monocular, freiburg1",
            AlignmentMode.Sim3,
            [
                ("360", 0.111),
                ("desk", 0.018),
                ("desk2", 0.042),
                ("floor", 0.021),
                ("plant", 0.016),
                ("room", 0.049),
                ("rpy", 0.026),
                ("teddy", 0.048),
                ("xyz", 0.012),
            ],
            0.038,
            null
        ),
        new(
            "euroc",
            "table 3, monocular",
            AlignmentMode.Sim3,
            [
                ("MH01", 0.013),
                ("MH02", 0.014),
                ("MH03", 0.022),
                ("MH04", 0.043),
                ("MH05", 0.043),
                ("V101", 0.037),
                ("V102", 0.012),
                ("V103", 0.020),
                ("V201", 0.017),
                ("V202", 0.013),
                ("V203", 0.014),
            ],
            0.022,
            null
        ),
        new(
            "euroc-odometry",
            "table 3, monocular, odometry only",
            AlignmentMode.Sim3,
            [
                ("MH01", 0.163),
                ("MH02", 0.121),
                ("MH03", 0.242),
                ("MH04", 0.399),
                ("MH05", 0.270),
                ("V101", 0.103),
                ("V102", 0.165),
                ("V103", 0.158),
                ("V201", 0.102),
                ("V202", 0.115),
                ("V203", 0.204),
            ],
            0.186,
            null
        ),
        new(
            "euroc-stereo",
            "table 5, stereo",
            AlignmentMode.Se3,
            [
                ("MH01", 0.015),
                ("MH02", 0.013),
                ("MH03", 0.035),
                ("MH04", 0.048),
                ("MH05", 0.040),
                ("V101", 0.037),
                ("V102", 0.011),
                ("V103", 0.020),
                ("V201", 0.018),
                ("V202", 0.015),
                ("V203", 0.017),
            ],
            0.024,
            null
        ),
        new(
            "tartanair",
            "table 1, monocular, hard",
            AlignmentMode.Sim3,
            [
                ("MH000", 0.08),
                ("MH001", 0.05),
                ("MH002", 0.04),
                ("MH003", 0.02),
                ("MH004", 0.01),
                ("MH005", 1.31),
                ("MH006", 0.30),
                ("MH007", 0.07),
            ],
            0.24,
            null
        ),
        new("eth3d", "figure 4, RGB-D, train", AlignmentMode.Se3, [], null, 340.42),
        new("eth3d-test", "figure 4, RGB-D, test", AlignmentMode.Se3, [], null, 207.79),
    ];

    public static PublishedSuite Get(string name) =>
        All.FirstOrDefault(suite => suite.Name == name)
        ?? throw UserException.Misuse(
            $"there is no suite '{name}'",
            $"Choose one of {string.Join(", ", All.Select(suite => suite.Name))}."
        );

    /// <summary>TartanAir's lists are compared line by line and in its own way of scaling.</summary>
    public bool IsTartanAir => Name == "tartanair";
}
