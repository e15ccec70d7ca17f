using Muster.Faults;

namespace Muster.Scenes;

/// <summary>What can be wrong with a scene's files, under the number by which it is known.</summary>
public enum SceneFault
{
    Unreadable = 601,
    DisallowedGlobal = 602,
    MissingTensor = 603,
    ShapeMismatch = 604,
    AllZeroDisparity = 605,
    TooFewKeyframes = 606,
    ImageListTooShort = 611,
    UnusablePose = 612,
    TooFewPairs = 701,
    NoAlignment = 702,
}

/// <summary>A scene's file or its content cannot be used: which, why, and what to do.</summary>
public sealed class SceneException(SceneFault fault, string what, string fix, Exception? inner = null)
    : UserException($"E{(int)fault} {what}", fix, inner)
{
    public SceneFault Fault { get; } = fault;

    /// <summary>A file that is not what it should be, or no longer whole.</summary>
    public static SceneException Unreadable(string path, string why, Exception? inner = null) =>
        new(
            SceneFault.Unreadable,
            $"{path}: {why}",
            "Copy or write the file again; compare its size and hash with the original.",
            inner
        );
}

/// <summary>Something about a scene that one should know, under its number.</summary>
public sealed record SceneWarning(int Code, string Text)
{
    public override string ToString() => $"W{Code} {Text}";
}

/// <summary>How far long work has come; of how much is 0 where nobody knows yet.</summary>
public readonly record struct SceneProgress(string Doing, long Done, long All);
