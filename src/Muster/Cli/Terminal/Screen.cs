using System.Text;
using Muster.Shell;

namespace Muster.Cli.Terminal;

/// <summary>What people and programs see: data goes to standard output, everything else to standard error.</summary>
public sealed class Screen
{
    private readonly Stream _out;
    private readonly Stream _notes = Console.OpenStandardError();
    private readonly Lock _turn = new();
    private bool _lineOpen;
    private bool _passing;
    private bool _serves;
    private long _lost;
    private long _lostTold;

    /// <param name="withData">Otherwise only notes are shown.</param>
    public Screen(bool quiet = false, bool withData = true)
    {
        _out = withData ? Console.OpenStandardOutput() : Stream.Null;
        Quiet = quiet;
        var color =
            Environment.GetEnvironmentVariable("NO_COLOR") is not { Length: > 0 }
            && Environment.GetEnvironmentVariable("TERM") is not "dumb";
        NotesAreSeen = !Console.IsErrorRedirected;
        Colored = color && NotesAreSeen;
        DataIsSeen = !Console.IsOutputRedirected;
    }

    /// <summary>
    /// From here on this is a service, and goes on without whoever read its log: what cannot be written is dropped and
    /// counted, and the log says how much is missing as soon as it can be written again.
    /// </summary>
    public void Serve() => _serves = true;

    /// <summary>Lines that a service could not write.</summary>
    public long Lost
    {
        get
        {
            lock (_turn)
                return _lost;
        }
    }

    public bool Quiet { get; }
    public bool Colored { get; }

    /// <summary>Standard error is a terminal.</summary>
    public bool NotesAreSeen { get; }

    /// <summary>Standard output is a terminal.</summary>
    public bool DataIsSeen { get; }

    /// <summary>A person can be asked: both ends of the terminal are there.</summary>
    public bool MayAsk => NotesAreSeen && !Console.IsInputRedirected;

    public void Data(string line) => Write(_out, Encoding.UTF8.GetBytes(Safe(line) + "\n"));

    /// <summary>Rows in aligned columns, as wide as the terminal at the most.</summary>
    /// <param name="tint">The colour of a cell, given its row and its column.</param>
    public void Table(
        IReadOnlyList<string> headers,
        IReadOnlyList<IReadOnlyList<string>> rows,
        Func<int, int, Tint>? tint = null
    )
    {
        string Tinted(int row, int column, string cell) =>
            row < 0 || tint is null || !DataIsSeen ? cell : Paint(cell, tint(row, column));
        foreach (var line in Terminal.Table.Lines(headers, rows, DataIsSeen ? ConsoleWidth() : null, Tinted))
            Data(line);
    }

    /// <summary>A line of what is known of one thing; none where nothing is.</summary>
    public void Field(string what, string? value)
    {
        if (value is { Length: > 0 })
            Data($"{SafeText.OneLine(what), -12} {SafeText.OneLine(value)}");
    }

    /// <summary>A note in two columns: what happened, and about what.</summary>
    public void Note(string what, string text, Tint tint = Tint.None)
    {
        if (Quiet)
            return;
        Say($"{Paint($"{SafeText.OneLine(what), -11}", tint)} {Safe(text, oneLine: true)}");
    }

    /// <summary>A line on standard error, also when quiet.</summary>
    public void Say(string line)
    {
        lock (_turn)
        {
            ClearPassing();
            // A job that left its line open must not have ours glued to it.
            if (_lineOpen && NotesAreSeen)
                Put(_notes, "\n"u8);
            _lineOpen = false;
            Put(_notes, Encoding.UTF8.GetBytes(Safe(line) + "\n"));
        }
    }

    /// <summary>A line that the next one replaces, for progress; only a terminal gets it.</summary>
    public void Passing(string line)
    {
        if (Quiet || !NotesAreSeen)
            return;
        line = SafeText.OneLine(line);
        lock (_turn)
        {
            var width = Math.Max(20, ConsoleWidth() - 1);
            Put(_notes, Encoding.UTF8.GetBytes("\r\u001b[K" + (line.Length > width ? line[..width] : line)));
            _passing = true;
        }
    }

    /// <summary>Bytes of a job's log, as they are.</summary>
    public void Pass(ReadOnlyMemory<byte> bytes, bool toNotes)
    {
        if (bytes.IsEmpty)
            return;
        lock (_turn)
        {
            ClearPassing();
            Put(toNotes ? _notes : _out, bytes.Span);
            if (toNotes || DataIsSeen)
                _lineOpen = bytes.Span[^1] != (byte)'\n';
        }
    }

    public string Paint(string text, Tint tint) =>
        !Colored || tint == Tint.None ? text : $"\u001b[{(int)tint}m{text}\u001b[0m";

    // Lines hold what others wrote: host names, reasons, records. Of escape sequences only our own colours pass.
    private string Safe(string line, bool oneLine = false) => SafeText.Shown(line, oneLine, Colored ? Colours : []);

    private static readonly string[] Colours = [.. Enum.GetValues<Tint>().Select(tint => $"\u001b[{(int)tint}m")];

    /// <summary>Asks for one of the letters; null when there is no answer.</summary>
    public char? Ask(string question, string letters)
    {
        while (true)
        {
            lock (_turn)
            {
                ClearPassing();
                Put(_notes, Encoding.UTF8.GetBytes(Safe(question) + " "));
            }
            var answer = Console.In.ReadLine()?.Trim().ToLowerInvariant();
            if (answer is null)
                return null;
            if (answer.Length > 0 && letters.Contains(answer[0]))
                return answer[0];
        }
    }

    private void Write(Stream stream, byte[] bytes)
    {
        lock (_turn)
        {
            ClearPassing();
            Put(stream, bytes);
        }
    }

    private void ClearPassing()
    {
        if (!_passing)
            return;
        _passing = false;
        Put(_notes, "\r\u001b[K"u8);
    }

    private void Put(Stream stream, ReadOnlySpan<byte> bytes)
    {
        if (_serves && LostReader.Of(stream == _notes ? 2 : 1))
        {
            _lost++;
            return;
        }
        try
        {
            if (_lost > _lostTold)
                stream.Write(
                    Encoding.UTF8.GetBytes($"log         {_lost - _lostTold} lines before this could not be written\n")
                );
            _lostTold = _lost;
            stream.Write(bytes);
            stream.Flush();
        }
        catch (IOException)
        {
            if (!_serves)
#pragma warning disable RS0030 // the reader has seen enough, as in `muster ps | head`: nothing is left to say
                Environment.Exit(0);
#pragma warning restore RS0030
            _lost++;
        }
    }

    private static int ConsoleWidth()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (IOException)
        {
            return 80;
        }
    }
}

/// <summary>The few colours, by their ANSI numbers.</summary>
public enum Tint
{
    None = 0,
    Faint = 2,
    Red = 31,
    Green = 32,
    Yellow = 33,
    Cyan = 36,
}
