using Muster.Shell;

namespace Muster.Runs;

/// <summary>Something that runs beside the job and ends with it, such as TensorBoard.</summary>
public sealed record Companion(string Name, string Script)
{
    /// <param name="folder">Where the run writes its events.</param>
    /// <param name="title">What the browser's window is called.</param>
    internal static Companion TensorBoard(string folder, string title) =>
        new(
            "tensorboard",
            ShellText
                .Of(
                    $$"""
                    if ! command -v tensorboard >/dev/null 2>&1; then
                      echo "text=tensorboard is not installed on $(uname -n); the job runs without it" >"$MUSTER_STATUS/.note.tensorboard.$$"
                      mv -f "$MUSTER_STATUS/.note.tensorboard.$$" "$MUSTER_STATUS/note.tensorboard"
                      exit 127
                    fi
                    exec tensorboard --logdir {{folder}} --host 127.0.0.1 --port 0 --window_title {{title}}

                    """
                )
                .ToString()
        );
}
