using System.CommandLine;
using Muster.Cli.Personas;
using Muster.Faults;

namespace Muster.Cli;

internal static class AsCommand
{
    /// <summary>Older tools whose names the wrapper knows and whose words cannot be read yet.</summary>
    private static readonly string[] Coming = ["droidslamcli", "gtsfm"];

    public static Command Create()
    {
        var command = new Command("as", "Take the command line of an older tool, such as `muster as submit -c=cedar.json python main.py`. A link of its name to `muster` does the same.")
        {
            SubmitPersona.Create(),
            PsdRunPersona.Create(),
            ClusterOdmPersona.Create(),
        };
        foreach (var tool in Coming) command.Add(NotYet(tool));
        return command;
    }

    private static Command NotYet(string tool)
    {
        var command = new Command(tool) { Hidden = true, TreatUnmatchedTokensAsErrors = false };
        command.SetAction(int (_) => throw new UserException($"the command line of {tool} cannot be taken yet", "`muster as submit`, `muster as psd_run` and `muster as clusterodm` can; README.md says what comes with later versions.") { ExitCode = ExitCodes.Usage });
        return command;
    }
}
