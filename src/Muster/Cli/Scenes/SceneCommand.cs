using System.CommandLine;
using Muster.Cli.Terminal;
using Muster.Scenes;

namespace Muster.Cli.Scenes;

internal static class SceneCommand
{
    public static Command Create() =>
        new("scene", "Reconstructions: export, judge, look at and check them, without a display or a GPU.")
        {
            SceneExportCommand.Create(),
            SceneEvaluateCommand.Create(),
            SceneShowCommand.Create(),
            SceneViewCommand.Create(),
            SceneThinCommand.Create(),
            SceneConvertCommand.Create(),
            SceneCheckCommand.Create(),
        };

    /// <summary>Long work on a line that replaces itself, a few times a second.</summary>
    public static IProgress<SceneProgress> ProgressOn(Screen screen) => new Progress(screen);

    private sealed class Progress(Screen screen) : IProgress<SceneProgress>
    {
        private long _next;

        public void Report(SceneProgress value)
        {
            var now = Environment.TickCount64;
            var next = Interlocked.Read(ref _next);
            if (now < next || Interlocked.CompareExchange(ref _next, now + 100, next) != next)
                return;
            screen.Passing(
                value.All > 0
                    ? $"{value.Doing, -11} {value.Done:N0} of {value.All:N0}"
                    : $"{value.Doing, -11} {value.Done:N0}"
            );
        }
    }
}
