using System.CommandLine;
using Muster.Cli.Personas;

namespace Muster.Cli;

internal static class AsCommand
{
    public static Command Create() =>
        new(
            "as",
            "Accept the command line of an older tool, for example `muster as submit -c=cedar.json python main.py`. A "
                + "link "
                + "of its name to `muster` does the same."
        )
        {
            SubmitPersona.Create(),
            PsdRunPersona.Create(),
            GtsfmPersona.Create(),
            DroidSlamPersona.Create(),
            ClusterOdmPersona.Create(),
        };
}
