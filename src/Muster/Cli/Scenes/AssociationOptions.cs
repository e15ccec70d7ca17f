using System.CommandLine;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Scenes.Evaluation;

namespace Muster.Cli.Scenes;

/// <summary>The options that say which poses belong together.</summary>
internal sealed class AssociationOptions
{
    private readonly Option<AssociationMode> _mode = Choice.Of(
        "--associate",
        "Which poses belong together: for each the nearest in time, or the nearest pairs first and each pose once, as "
            + "the TUM tools do.",
        AssociationMode.Nearest
    );
    private readonly Option<double?> _maxDifference = new("--max-diff")
    {
        Description = "Maximum time difference between matched poses, in seconds (nearest 0.01, greedy 0.02).",
        HelpName = "SECONDS",
    };
    private readonly Option<double> _offset = new("--offset")
    {
        Description = "Seconds to add to the timestamps of the estimate.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 0,
    };

    public IReadOnlyList<Option> All => [_mode, _maxDifference, _offset];

    public Association Of(ParseResult parsed)
    {
        var mode = parsed.GetValue(_mode);
        var most = parsed.GetValue(_maxDifference) ?? (mode == AssociationMode.Greedy ? 0.02 : 0.01);
        var offset = parsed.GetValue(_offset);
        if (!(most >= 0) || !double.IsFinite(offset))
            throw UserException.Misuse($"--max-diff {most} --offset {offset}", "Say seconds, such as --max-diff 0.02.");
        return new(mode, most, offset);
    }
}
