using System.Globalization;

namespace Muster.Sites.Schedulers.Slurm;

/// <summary>How a job's script ended: by itself with a code, or by a signal.</summary>
public readonly record struct SlurmExitCode(int Code, int Signal)
{
    /// <summary>Reads <c>3:0</c>, and <c>0:9</c> for a signal.</summary>
    public static SlurmExitCode? Find(string text) =>
        text.Split(':') is [var code, var signal]
        && int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var c)
        && int.TryParse(signal, NumberStyles.None, CultureInfo.InvariantCulture, out var s)
            ? new(c, s)
            : null;
}
