using System.CommandLine;
using Muster.Faults;

namespace Muster.Cli.Personas;

/// <summary>The command lines of older tools, word for word: `muster as submit …`, or a link called `submit` to `muster`.</summary>
internal static class AsCommand
{
    /// <summary>Only for the help: the words of a persona are read by the persona itself.</summary>
    public static Command Create() => new("as", "Take the command line of an older tool: `muster as submit -c=cedar.json python main.py`.") { new Argument<string[]>("PERSONA") };

    /// <summary>Whether these words belong to a persona; then nobody else reads them.</summary>
    public static bool Takes(IReadOnlyList<string> words) => words is ["as", ..] and not ["as", "--help" or "-h" or "-?"];

    public static Task<int> RunAsync(IReadOnlyList<string> words, App app, CancellationToken ct) => words.ElementAtOrDefault(1) switch
    {
        "submit" => SubmitPersona.RunAsync([.. words.Skip(2)], app, ct),
        "psd_run" or "droidslamcli" or "clusterodm" or "gtsfm" => throw new UserException($"the command line of {words[1]} is not there yet", "`muster as submit` is; README.md says what comes.") { ExitCode = ExitCodes.Usage },
        var other => throw new UserException($"there is no persona '{other}'", "Write `muster as submit …`.") { ExitCode = ExitCodes.Usage },
    };
}
