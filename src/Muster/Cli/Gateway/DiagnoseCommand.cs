using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Terminal;
using Muster.Faults;

namespace Muster.Cli.Gateway;

/// <summary>One archive about a gateway for whoever helps.</summary>
internal static class DiagnoseCommand
{
    public static Command Create()
    {
        var output = new Option<string?>("--output", "-o")
        {
            Description = "The archive (muster-diagnosis-TIME.zip).",
            HelpName = "FILE",
        };
        return AdminClient.Command(
            "diagnose",
            """
            Write what is known of a gateway into one archive, without secrets: versions, settings, nodes, queue, last events and log lines.

              muster diagnose
              muster diagnose --gateway http://gateway.example:10000 --password-file pass.txt -o problem.zip
            """,
            [output],
            async (app, door, parsed, ct) =>
            {
                var path = Path.GetFullPath(
                    parsed.GetValue(output) ?? $"muster-diagnosis-{app.Clock.GetUtcNow():yyyyMMdd-HHmmss}.zip"
                );
                var archive = await door.BytesAsync("diagnosis", ct);
                try
                {
                    await File.WriteAllBytesAsync(path, archive, ct);
                }
                catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
                {
                    throw new UserException(
                        $"cannot write {path}: {fault.Message}",
                        "Name another file with --output.",
                        fault
                    );
                }
                app.Screen.Note(
                    "written",
                    $"{path}, {Words.Size(archive.Length)}; it contains names of tasks and nodes, but no secrets",
                    Tint.Green
                );
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(
                            new DiagnosisView(1, path, archive.Length),
                            TaskJson.Plain.DiagnosisView
                        )
                    );
                else if (app.Screen.Quiet)
                    app.Screen.Data(path);
                return ExitCodes.Done;
            }
        );
    }
}

/// <summary>Where an archive was written.</summary>
internal sealed record DiagnosisView(int Schema, string File, long Bytes);
