using System.CommandLine;
using System.Globalization;
using System.Text;
using Muster.Node.Engines;
using Muster.Node.Engines.Survey;

namespace Muster.Cli.Gateway;

/// <summary>What the survey engine starts for each of its tasks. People have no use for it.</summary>
internal static class SurveyProjectCommand
{
    private const int NotEnoughMemory = 137;

    public static Command Create()
    {
        var project = new Argument<string>("FOLDER");
        var height = new Option<string>("--flight-height");
        var threads = new Option<string>("--max-concurrency");
        var command = new Command(SurveyEngine.Verb) { project, height, threads };
        command.Hidden = true;
        command.SetAction(parsed =>
            Run(
                parsed.GetValue(project)!,
                double.TryParse(
                    parsed.GetValue(height),
                    NumberStyles.Float,
                    CultureInfo.InvariantCulture,
                    out var meters
                )
                && meters > 0
                    ? meters
                    : null,
                int.TryParse(parsed.GetValue(threads), out var most) && most > 0 ? most : Environment.ProcessorCount
            )
        );
        return command;
    }

    private static int Run(string project, double? height, int threads)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
        var task = Environment.GetEnvironmentVariable(EngineProcess.Mark) ?? "";
        var port = int.TryParse(Environment.GetEnvironmentVariable(EngineProcess.ProgressPort), out var number)
            ? number
            : 0;
        try
        {
            return SurveyWork.Run(
                project,
                height,
                threads,
                output.WriteLine,
                percent =>
                {
                    if (port > 0)
                        ProgressPort.Tell(port, task, percent);
                }
            );
        }
        catch (OutOfMemoryException)
        {
            return NotEnoughMemory;
        }
    }
}
