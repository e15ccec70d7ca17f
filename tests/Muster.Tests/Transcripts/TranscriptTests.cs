using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Muster.Transcripts;

/// <summary>
/// Each <c>*.txt</c> beside this file is a session at a terminal: <c>=</c> a remark, <c>$</c> a command, then what it
/// prints, with <c>!</c> before what goes to standard
/// error and <c>?</c> before an exit code other than 0. With <c>RECORD=1</c> they are written anew, so that a change of
/// output shows in the diff.
/// </summary>
public sealed partial class TranscriptTests
{
    private static readonly string Folder = Path.Combine(Repository.Folder, "tests", "Muster.Tests", "Transcripts");

    public static TheoryData<string> Names =>
        [.. Directory.GetFiles(Folder, "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)!).Order()];

    [Theory, MemberData(nameof(Names))]
    public void It_says_what_it_said(string name)
    {
        var path = Path.Combine(Folder, name + ".txt");
        var written = File.ReadAllText(path);
        var home = Directory.CreateTempSubdirectory("muster-home-").FullName;
        try
        {
            var said = new StringBuilder();
            foreach (
                var line in written
                    .Split('\n')
                    .Where(line =>
                        line.StartsWith("$ ", StringComparison.Ordinal)
                        || line.StartsWith("= ", StringComparison.Ordinal)
                    )
            )
            {
                said.Append(line).Append('\n');
                if (line[0] == '$')
                    said.Append(Steady(Run(home, line[2..]), home));
            }
            if (Environment.GetEnvironmentVariable("RECORD") == "1")
                File.WriteAllText(path, said.ToString());
            else
                Assert.Equal(written, said.ToString());
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    private static string Run(string home, string command)
    {
        var code = Directory.CreateDirectory(Path.Combine(home, "code")).FullName;
        var start = new ProcessStartInfo("sh", ["-c", command])
        {
            WorkingDirectory = code,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (
            var name in start
                .Environment.Keys.Where(name =>
                    name.StartsWith("MUSTER", StringComparison.Ordinal)
                    || name.StartsWith("XDG", StringComparison.Ordinal)
                )
                .ToList()
        )
            start.Environment.Remove(name);
        start.Environment["HOME"] = home;
        start.Environment["XDG_RUNTIME_DIR"] = home;
        start.Environment["PATH"] =
            $"{Path.GetDirectoryName(MusterProgram.Path)}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["RECORDED"] = Path.Combine(AppContext.BaseDirectory, "Recorded");
        start.Environment["TZ"] = "UTC";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var said = Lines(output, "") + Lines(errors.Result, "! ");
        return process.ExitCode == 0 ? said : $"{said}? {process.ExitCode}\n";
    }

    private static string Lines(string text, string mark) =>
        string.Concat(
            text.TrimEnd('\n').Split('\n').Where(_ => text.Length > 0).Select(line => $"{mark}{line}".TrimEnd() + "\n")
        );

    /// <summary>
    /// What differs from one time to the next gets a word that stays: ids, times, sizes of what holds them, this home.
    /// </summary>
    private static string Steady(string text, string home)
    {
        text = text.Replace(home, "~", StringComparison.Ordinal)
            .Replace(Environment.MachineName, "HERE", StringComparison.Ordinal);
        text = Processes().Replace(text, "$1N");
        text = Boot().Replace(text, "boot=N");
        text = FullId().Replace(text, "ID");
        text = ShortId().Replace(text, "ID");
        text = Ending().Replace(text, "ID");
        text = Moment().Replace(text, "TIME");
        text = Clock().Replace(text, "TIME");
        text = Job().Replace(text, "muster-ID");
        text = Duration().Replace(text, "N s");
        text = Size().Replace(text, "N B");
        text = Cores().Replace(text, "N cores");
        // What was sent twice at once is kept once or not, as it happens.
        text = Known().Replace(text, "$1N files");
        text = KnownJson().Replace(text, "\"files\":N,\"bytes\":N,\"bytes_there\":N");
        text = Column().Replace(text, "$1  ");
        text = Commit().Replace(text, "COMMIT");
        // Whether a short run is seen running before it has ended is luck.
        return string.Concat(
            text.Split('\n')
                .Where(line =>
                    line.Length > 0
                    && !line.StartsWith("! running ", StringComparison.Ordinal)
                    && !line.Contains("\"state\":\"running\"", StringComparison.Ordinal)
                )
                .Select(line => line + "\n")
        );
    }

    [GeneratedRegex("(HERE:|pid=|born=|command=)[0-9]+")]
    private static partial Regex Processes();

    [GeneratedRegex("boot=[0-9a-f-]{36}")]
    private static partial Regex Boot();

    [GeneratedRegex("muster-[0-9a-f]{8}\\b")]
    private static partial Regex Job();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex FullId();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}")]
    private static partial Regex ShortId();

    /// <summary>What lists show of an id, which is longer where two end alike.</summary>
    [GeneratedRegex(@"(?m)(?<=^|muster (attach|cancel|rerun) )[0-9a-f]{4,12}(?=  |   Cancel|$)")]
    private static partial Regex Ending();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")]
    private static partial Regex Moment();

    [GeneratedRegex(@"\d\d:\d\d:\d\d")]
    private static partial Regex Clock();

    [GeneratedRegex(@"\d+(\.\d)? m?s\b|(?<=after )\d+ min\b")]
    private static partial Regex Duration();

    [GeneratedRegex(@"\d+(\.\d)? [kKM]?B\b")]
    private static partial Regex Size();

    /// <summary>How wide a column of durations is depends on them.</summary>
    [GeneratedRegex("(AGE|N s) {3,}")]
    private static partial Regex Column();

    [GeneratedRegex(@"(sent        |to local: )\d+ files?, N B in N s(; N B already there)?")]
    private static partial Regex Known();

    [GeneratedRegex(@"""files"":\d+,""bytes"":\d+,""bytes_there"":\d+")]
    private static partial Regex KnownJson();

    [GeneratedRegex(@"\d+\.\d cores")]
    private static partial Regex Cores();

    [GeneratedRegex(@"\b(?=[0-9]*[a-f])[0-9a-f]{10,40}\b|(?<=(as|snapshot) +)[0-9a-f]{10}\b")]
    private static partial Regex Commit();
}
