using System.Collections.Concurrent;

namespace Muster.Shell;

/// <summary>The POSIX <c>sh</c> scripts that stand beside the code that uses them.</summary>
public static class ShellScripts
{
    private static readonly ConcurrentDictionary<string, string> Texts = new();

    /// <summary>
    /// <paramref name="name"/> is the path below <c>src/Muster</c>, such as <c>Runs/Remote/look.sh</c>.
    /// </summary>
    public static string Read(string name) =>
        Texts.GetOrAdd(
            name,
            static key =>
            {
                using var stream =
                    typeof(ShellScripts).Assembly.GetManifestResourceStream(key)
                    ?? throw new InvalidOperationException($"no embedded script {key}");
                using var reader = new StreamReader(stream);
                return reader.ReadToEnd();
            }
        );
}
