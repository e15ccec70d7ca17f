using System.CommandLine;
using System.Globalization;
using Muster.Faults;
using Muster.Runs;
using Muster.Sites.Schedulers;

namespace Muster.Cli.Runs;

/// <summary>`--retry` and what belongs to it.</summary>
internal sealed class RetryOptions
{
    private readonly Option<int?> _retry = new("--retry")
    {
        Description =
            "Launch it again up to N times if it ends for a reason of --on; $MUSTER_OUT holds what was written before, "
            + "$MUSTER_RETRY counts from 0.",
        HelpName = "N",
    };
    private readonly Option<string?> _on = new("--on")
    {
        Description =
            $"With --retry: the reasons, of {Words(PlannedRetry.Possible)} (default: {Words(PlannedRetry.Usual)}).",
        HelpName = "REASON,…",
    };
    private readonly Option<string?> _growMemory = new("--grow-memory")
    {
        Description = "With --retry: after running out of memory, ask for this many times as much.",
        HelpName = "FACTOR",
    };
    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "With --retry: a shell line that retries run instead of the command.",
        HelpName = "LINE",
    };

    public RetryOptions()
    {
        All = [_retry, _on, _growMemory, _resume];
        _on.CompletionSources.Add([.. PlannedRetry.Possible.Select(outcome => outcome.Word())]);
    }

    public IReadOnlyList<Option> All { get; }

    public PlannedRetry? Read(ParseResult parsed)
    {
        var (times, on, factor) = (parsed.GetValue(_retry), parsed.GetValue(_on), parsed.GetValue(_growMemory));
        var resume = parsed.GetValue(_resume);
        if (times is null)
            return All.FirstOrDefault(option => parsed.GetResult(option) is not null) is not { } alone
                ? null
                : throw UserException.Misuse(
                    $"{alone.Name} says how --retry does it, which was not given",
                    "Add --retry N."
                );
        if (resume is not null && string.IsNullOrWhiteSpace(resume))
            throw UserException.Misuse(
                "--resume is empty",
                "Example: --resume 'python train.py --resume $MUSTER_OUT'."
            );
        if (times is < 1 or > 1000)
            throw UserException.Misuse($"--retry {times} is out of range", "Pass a number from 1 to 1000.");
        var reasons = on is null ? PlannedRetry.Usual : [.. on.Split(',').Select(Reason).Distinct()];
        return new(times.Value, reasons)
        {
            GrowMemory = factor is null ? null : Factor(factor, reasons),
            Resume = resume,
        };
    }

    private static Outcome Reason(string word) =>
        PlannedRetry.Possible.Cast<Outcome?>().FirstOrDefault(outcome => outcome!.Value.Word() == word.Trim())
        ?? throw UserException.Misuse(
            $"'{word.Trim()}' is not a reason for --on",
            $"Choose among: {Words(PlannedRetry.Possible)}."
        );

    private static double Factor(string text, IReadOnlyList<Outcome> reasons) =>
        !reasons.Contains(Outcome.OutOfMemory)
            ? throw UserException.Misuse(
                "--grow-memory has no effect, as --on leaves out-of-memory out",
                "Add it: --on out-of-memory,…"
            )
        : double.TryParse(text, CultureInfo.InvariantCulture, out var factor) && factor is > 1 and <= 100 ? factor
        : throw UserException.Misuse($"'{text}' is not a valid factor for --grow-memory", "Examples: 1.5, 2.");

    private static string Words(IEnumerable<Outcome> outcomes) =>
        string.Join(',', outcomes.Select(outcome => outcome.Word()));
}
