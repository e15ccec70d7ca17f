using System.Globalization;
using System.Text;
using Muster.Cli.Runs;
using Muster.Runs.Follow;

namespace Muster.Cli.Personas;

/// <summary>
/// The logs as users of <c>psd_run</c> know them: what happened in <c>poseidon_run.log</c>, and a folder with the date
/// that holds one log for each process.
/// </summary>
internal sealed class PoseidonLogs : IDisposable
{
    private readonly Dictionary<string, FileStream> _files = [];
    private readonly StreamWriter _course;
    private readonly TimeProvider _clock;
    private string _said = "";

    public PoseidonLogs(string below, TimeProvider clock)
    {
        _clock = clock;
        Folder = Path.Combine(
            below,
            $"poseidon_log_{clock.GetLocalNow().ToString("yyyyMMdd_HHmmss", CultureInfo.InvariantCulture)}"
        );
        Directory.CreateDirectory(Folder);
        _course = new(
            new FileStream("poseidon_run.log", FileMode.Append, FileAccess.Write, FileShare.ReadWrite),
            new UTF8Encoding(false)
        )
        {
            AutoFlush = true,
        };
    }

    public string Folder { get; }

    public void Write(string line) =>
        _course.WriteLine(
            $"{_clock.GetLocalNow().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} {line}"
        );

    public void Hear(RunEvent happening)
    {
        switch (happening)
        {
            case RunEvent.Log log:
                var file = FileOf(log.Name);
                file.Write(log.Bytes.Span);
                file.Flush();
                break;
            case RunEvent.Changed(var run):
                var (word, text, _) = RunText.Describe(run, _clock.GetUtcNow());
                if (_said == word + text)
                    break;
                _said = word + text;
                Write($"{word} {text}");
                break;
            case RunEvent.ContactLost(_, var why):
                Write($"unreachable: {why}");
                break;
            case RunEvent.ContactBack(var after):
                Write($"back after {after.TotalSeconds:0} s");
                break;
        }
    }

    public void Dispose()
    {
        foreach (var file in _files.Values)
            file.Dispose();
        _course.Dispose();
    }

    /// <summary><c>worker.2.out</c> is <c>worker2.log</c>, and the only master <c>master.log</c>.</summary>
    private FileStream FileOf(string log)
    {
        var parts = log.Split('.');
        var name = parts[0] is "master" or "chief" ? $"{parts[0]}.log" : $"{parts[0]}{parts[1]}.log";
        return _files.TryGetValue(name, out var file)
            ? file
            : _files[name] = new(Path.Combine(Folder, name), FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
    }
}
