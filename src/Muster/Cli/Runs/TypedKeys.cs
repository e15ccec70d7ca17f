using System.IO.Pipelines;

namespace Muster.Cli.Runs;

/// <summary>
/// What is typed at a run's terminal, for as many connections as it takes, one after another. Ctrl-P Ctrl-Q detaches.
/// </summary>
internal sealed class TypedKeys
{
    private const byte CtrlP = 16;
    private const byte CtrlQ = 17;
    private readonly Lock _turn = new();
    private Pipe? _first = new();
    private PipeWriter? _line;
    private bool _held;

    public TypedKeys() => _line = _first!.Writer;

    /// <summary>Reads until the person detaches.</summary>
    public async Task ReadAsync(Stream keys, CancellationToken ct)
    {
        var buffer = new byte[1024];
        while (await keys.ReadAsync(buffer, ct) is > 0 and var read)
            if (!await PassAsync(buffer.AsMemory(0, read), ct))
                return;
    }

    /// <summary>A connection's keys from now on. The first gets those typed before it, too.</summary>
    public Stream Connect()
    {
        lock (_turn)
        {
            var pipe = _first ?? new Pipe();
            (_first, _line) = (null, pipe.Writer);
            return pipe.Reader.AsStream();
        }
    }

    /// <summary>Nobody is there to hear keys: they are dropped, as what they would do cannot be seen.</summary>
    public void Disconnect()
    {
        lock (_turn)
        {
            _line?.Complete();
            _line = null;
        }
    }

    /// <returns>False where the person detaches.</returns>
    internal async Task<bool> PassAsync(ReadOnlyMemory<byte> typed, CancellationToken ct)
    {
        var passed = new List<byte>(typed.Length + 1);
        var leaves = false;
        foreach (var key in typed.ToArray())
        {
            // Ctrl-P waits for the next key, and goes with it if that is another.
            leaves = _held && key == CtrlQ;
            if (leaves)
                break;
            if (_held)
                passed.Add(CtrlP);
            _held = key == CtrlP;
            if (!_held)
                passed.Add(key);
        }
        PipeWriter? line;
        lock (_turn)
            line = _line;
        if (line is not null && passed.Count > 0)
            await line.WriteAsync(passed.ToArray(), ct);
        return !leaves;
    }
}
