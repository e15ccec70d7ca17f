using System.Diagnostics;
using System.Text;

namespace Muster;

/// <summary>The lab, and a user of Muster in it: the built program with a state and a code folder of its own.</summary>
public sealed class Lab : IDisposable
{
    public static readonly string Repository = FindRepository();

    /// <summary>What `./muster` built, or what <c>MUSTER_PROGRAM</c> names.</summary>
    public static readonly string Program =
        Environment.GetEnvironmentVariable("MUSTER_PROGRAM") ?? Path.Combine(Repository, ".build", "muster", "muster");

    private static readonly string Run =
        Environment.GetEnvironmentVariable("MUSTER_LAB_RUN") ?? Path.Combine(Repository, "tests", "lab", "run");
    private readonly Dictionary<string, string> _environment;

    public Lab()
    {
        Folder = Directory.CreateTempSubdirectory("muster-lab-").FullName;
        Code = Directory.CreateDirectory(Path.Combine(Folder, "code")).FullName;
        _environment = new()
        {
            ["HOME"] = Directory.CreateDirectory(Path.Combine(Folder, "home")).FullName,
            ["XDG_STATE_HOME"] = Path.Combine(Folder, "state"),
            ["XDG_CACHE_HOME"] = Path.Combine(Folder, "cache"),
            ["XDG_RUNTIME_DIR"] = Folder,
            ["MUSTER_CONFIG"] = Path.Combine(Run, "muster.yaml"),
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        };
        Shell(
            "git init -q . && printf 'committed\\n' > file && git add file && git -c user.name=t -c user.email=t@t "
                + "commit -qm first && printf 'edited\\n' > file"
        );
    }

    /// <summary>Where the lab keeps its files, such as <c>ssh_config</c>.</summary>
    public static string Folders => Run;

    public string Folder { get; }

    /// <summary>A git work tree with an edit that was not committed.</summary>
    public string Code { get; }

    public Answer Muster(params IEnumerable<string> words)
    {
        using var process = Start(words);
        return Finish(process, string.Join(' ', words));
    }

    /// <summary>The program in a folder below the code.</summary>
    public Answer MusterIn(string below, IEnumerable<string> words)
    {
        using var process = StartIn(Path.Combine(Code, below), words);
        return Finish(process, string.Join(' ', words));
    }

    /// <summary>Starts the program; it ends with the test.</summary>
    public Process Start(params IEnumerable<string> words) => StartIn(Code, words);

    private Process StartIn(string folder, IEnumerable<string> words)
    {
        var start = new ProcessStartInfo(Program)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var word in words)
            start.ArgumentList.Add(word);
        foreach (var (name, value) in _environment)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    public void Set(string variable, string value) => _environment[variable] = value;

    /// <summary>A `lab` command: a fault, a mend, something run on a host.</summary>
    public static string Do(params IEnumerable<string> words)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository, "tests", "lab", "lab"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var word in words)
            start.ArgumentList.Add(word);
        start.Environment["LAB_RUN"] = Run;
        start.Environment.Remove("MUSTER_TESTS"); // what the lab starts outlives the test
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        return Finish(process, string.Join(' ', words)).Output;
    }

    /// <summary>Shell text run as the plain user of a host.</summary>
    public static string On(string host, string script) => Do("as", host, "muster-lab", "sh", "-c", script);

    public string Shell(string script)
    {
        var start = new ProcessStartInfo("bash")
        {
            WorkingDirectory = Code,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        foreach (var (name, value) in _environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        return Finish(process, script).Output;
    }

    /// <summary>Waits for the thing itself, and says what was missing when it does not come.</summary>
    public static void Until(Func<bool> done, string what, int seconds = 30) => Until(done, () => what, seconds);

    public static void Until(Func<bool> done, Func<string> what, int seconds)
    {
        var began = Stopwatch.GetTimestamp();
        while (!done())
        {
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > seconds)
                Assert.Fail($"not within {seconds} s: {what()}");
            Thread.Sleep(20); // the others need the processors, too
        }
    }

    public void Dispose()
    {
        foreach (
            var socket in Directory.Exists(Path.Combine(Folder, "muster"))
                ? Directory
                    .GetFiles(Path.Combine(Folder, "muster"))
                    .Where(file => !file.EndsWith(".lock", StringComparison.Ordinal))
                : []
        )
        {
            Shell($"ssh -o ControlPath={socket} -O exit lab 2>/dev/null; :");
        }
        Directory.Delete(Folder, recursive: true);
    }

    private static Answer Finish(Process process, string what)
    {
        var output = new MemoryStream();
        var reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromSeconds(300)))
        {
            process.Kill();
            Assert.Fail($"did not end within five minutes: {what}");
        }
        reading.Wait();
        return new(process.ExitCode, output.ToArray(), errors.Result);
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Muster.slnx")))
                return folder.FullName;
        }
        throw new InvalidOperationException("the tests run from the repository");
    }
}

/// <summary>How a program ended and what it said.</summary>
public sealed record Answer(int ExitCode, byte[] Bytes, string Said)
{
    public string Output => Encoding.UTF8.GetString(Bytes);

    /// <summary>A fault of two lines: what, and how to mend it.</summary>
    public void IsFault(int exitCode, string about)
    {
        Assert.True(exitCode == ExitCode, $"exit code {ExitCode}: {Output}{Said}");
        var lines = Said.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var error = Array.FindIndex(lines, line => line.StartsWith("error: ", StringComparison.Ordinal));
        Assert.True(
            error >= 0 && error + 1 < lines.Length && lines[error + 1].StartsWith("  fix: ", StringComparison.Ordinal),
            Said
        );
        Assert.Contains(about, lines[error], StringComparison.OrdinalIgnoreCase);
    }
}
