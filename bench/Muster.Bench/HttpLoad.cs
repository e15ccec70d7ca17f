using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Muster.Bench;

/// <summary>What a load came to. Latencies are of whole answers.</summary>
internal sealed record LoadResult(long Answers, long Errors, long Bytes, double Seconds, double P50, double P99)
{
    public double PerSecond => Answers / Seconds;
}

/// <summary>
/// One request asked again and again over a number of connections, each waiting for its answer before it asks anew. It
/// reads no more of HTTP/1.1
/// than it must, so that on a machine shared with the server most of the time is the server's.
/// </summary>
internal sealed class HttpLoad(Uri server, int connections)
{
    public async Task<LoadResult> RunAsync(string path, TimeSpan duration)
    {
        var request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {server.Authority}\r\n\r\n");
        // what is compiled and cached on the first calls is not what is measured
        await AllAsync(request, TimeSpan.FromSeconds(1));
        return await AllAsync(request, duration);
    }

    private async Task<LoadResult> AllAsync(byte[] request, TimeSpan duration)
    {
        var began = Stopwatch.GetTimestamp();
        var end = began + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var parts = await Task.WhenAll(
            Enumerable.Range(0, connections).Select(_ => Task.Run(() => OneAsync(request, end)))
        );
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var latencies = parts.SelectMany(part => part.Latencies).Order().ToList();
        double At(double share) =>
            latencies.Count == 0
                ? double.NaN
                : latencies[(int)(share * (latencies.Count - 1))] / (double)Stopwatch.Frequency;
        return new(
            latencies.Count,
            parts.Sum(part => part.Errors),
            parts.Sum(part => part.Bytes),
            seconds,
            At(0.5),
            At(0.99)
        );
    }

    private async Task<Part> OneAsync(byte[] request, long end)
    {
        var part = new Part();
        var buffer = new byte[256 * 1024];
        while (Stopwatch.GetTimestamp() < end)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new DnsEndPoint(server.Host, server.Port));
                while (Stopwatch.GetTimestamp() is var asked && asked < end)
                {
                    await socket.SendAsync(request);
                    var (ok, bytes, stays) = await AnswerAsync(socket, buffer);
                    part.Bytes += bytes;
                    if (ok)
                        part.Latencies.Add(Stopwatch.GetTimestamp() - asked);
                    else
                        part.Errors++;
                    if (!stays)
                        break;
                }
            }
            catch (Exception fault) when (fault is SocketException or IOException)
            {
                part.Errors++;
            }
        }
        return part;
    }

    /// <summary>Reads one answer to its end: by its length, by its chunks, or to the end of the connection.</summary>
    private static async Task<(bool Ok, long Bytes, bool Stays)> AnswerAsync(Socket socket, byte[] buffer)
    {
        var held = 0;
        int head;
        while ((head = buffer.AsSpan(0, held).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (held == buffer.Length)
                throw new IOException("an answer's head has no end");
            held += await MoreAsync(socket, buffer.AsMemory(held));
        }
        var ok = buffer.AsSpan(9).StartsWith("200"u8);
        var stays = !Header(buffer.AsSpan(0, head), "connection"u8).SequenceEqual("close"u8);
        var length = Header(buffer.AsSpan(0, head), "content-length"u8);
        if (Utf8Parser.TryParse(length, out long size, out _))
        {
            var got = (long)held - head - 4;
            while (got < size)
                got += await MoreAsync(socket, buffer);
            return (ok, size, stays);
        }
        var total = (long)held - head - 4;
        // The last chunk is empty; an answer of JSON never holds these bytes elsewhere.
        var tail = buffer.AsSpan(head + 4, held - head - 4).ToArray();
        while (!tail.AsSpan().EndsWith("0\r\n\r\n"u8))
        {
            var read = await MoreAsync(socket, buffer);
            total += read;
            tail =
            [
                .. tail.AsSpan()[Math.Max(0, tail.Length - 5)..],
                .. buffer.AsSpan(0, read)[Math.Max(0, read - 5)..],
            ];
        }
        return (ok, total, stays);
    }

    private static ReadOnlySpan<byte> Header(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        foreach (var range in head.Split("\r\n"u8))
        {
            var line = head[range];
            if (
                line.Length > name.Length
                && line[name.Length] == ':'
                && Ascii.EqualsIgnoreCase(line[..name.Length], name)
            )
                return Trimmed(line[(name.Length + 1)..]);
        }
        return default;
    }

    private static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> text) => text[Ascii.Trim(text)];

    private static async Task<int> MoreAsync(Socket socket, Memory<byte> buffer)
    {
        var read = await socket.ReceiveAsync(buffer);
        return read > 0 ? read : throw new IOException("the connection ended within an answer");
    }

    private sealed class Part
    {
        public List<long> Latencies { get; } = new(100_000);
        public long Errors { get; set; }
        public long Bytes { get; set; }
    }
}
