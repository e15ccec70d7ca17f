using Muster.Configuration;
using Muster.Faults;
using Muster.Sites;

namespace Muster.Runs.Submit;

/// <summary>Tells a script or program that is not there before anything is sent.</summary>
internal static class CommandCheck
{
    private static readonly IReadOnlyList<string> Interpreters =
    [
        "python",
        "python3",
        "bash",
        "sh",
        "Rscript",
        "julia",
    ];

    /// <param name="pathHere">The directories in which this machine looks for programs.</param>
    public static void Check(SubmitRequest request, Site site, string? pathHere)
    {
        // A setup may make files, change the folder or load programs, and a container has its own.
        if (request.RawLine || request.Command.Count == 0 || site.Setup.Count > 0)
            return;
        var program = request.Command[0];
        if (request.Snapshot && ScriptIn(request.Command) is { } script)
            CheckScript(request.WorkingFolder, script, script == program ? ExitCodes.NoCommand : ExitCodes.Fault);
        var isHere = site is LocalSite && request.Container is null && site.Container is null;
        if (isHere && pathHere is not null && !program.Contains('/') && !SetsPath(request, site))
            CheckProgram(program, pathHere);
    }

    private static string? ScriptIn(IReadOnlyList<string> command) =>
        IsInFolder(command[0]) && command[0].Contains('/') ? command[0]
        : Interpreters.Contains(command[0])
        && command is [_, var next, ..]
        && IsInFolder(next)
        && Path.HasExtension(next)
            ? next
        : null;

    private static bool IsInFolder(string word) =>
        word.Length > 0 && word[0] is not ('-' or '/' or '~') && !word.Contains("..") && !word.Contains('{');

    private static void CheckScript(string folder, string script, int exitCode)
    {
        var path = Path.Combine(folder, script);
        if (File.Exists(path))
            return;
        var there = Path.GetDirectoryName(path)!;
        var names = Directory.Exists(there) ? Directory.EnumerateFiles(there).Select(Path.GetFileName) : [];
        throw new UserException(
            $"there is no {script} in {folder}{Nearest.DidYouMean(Path.GetFileName(script), names.OfType<string>())}",
            "Correct the path. It is relative to this folder, which is what is sent; --no-snapshot sends nothing."
        )
        {
            ExitCode = exitCode,
        };
    }

    private static void CheckProgram(string program, string pathHere)
    {
        if (pathHere.Split(':').Any(folder => File.Exists(Path.Combine(folder, program))))
            return;
        throw new UserException(
            $"there is no program '{program}' on this machine{Nearest.DidYouMean(program, Usual)}",
            "Install it, or correct the command. For shell syntax: `muster submit --raw -- 'cd x && make'`"
        )
        {
            ExitCode = ExitCodes.NoCommand,
        };
    }

    private static bool SetsPath(SubmitRequest request, Site site) =>
        site.Env.ContainsKey("PATH") || request.Env.Any(entry => entry.Split('=')[0] == "PATH");

    private static readonly IReadOnlyList<string> Usual = [.. Interpreters, "make", "env", "uv", "torchrun", "node"];
}
