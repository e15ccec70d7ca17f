using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Muster.Runs.Notices;

/// <summary>A web server that keeps what it got. It has threads of its own, whatever else the tests wait for.</summary>
internal sealed class WebServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, int> _answer;

    public WebServer(int status)
        : this(_ => status) { }

    /// <param name="answer">Gives the status for a path; it may block.</param>
    public WebServer(Func<string, int> answer)
    {
        _answer = answer;
        _listener.Start();
        Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/";
        new Thread(Serve) { IsBackground = true }.Start();
    }

    public string Url { get; }
    public ConcurrentQueue<(string Path, string? Authorization, string Body)> Got { get; } = [];

    public void Dispose() => _listener.Stop();

    private void Serve()
    {
        try
        {
            while (true)
            {
                var client = _listener.AcceptTcpClient();
                new Thread(() => Answer(client)) { IsBackground = true }.Start();
            }
        }
        catch (Exception fault) when (fault is SocketException or InvalidOperationException) { } // it was stopped
    }

    private void Answer(TcpClient client)
    {
        using (client)
            try
            {
                using var stream = client.GetStream();
                var head = new StringBuilder();
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
                {
                    if (stream.ReadByte() is not (>= 0 and var next))
                        return;
                    head.Append((char)next);
                }
                var lines = head.ToString().Split("\r\n");
                string? Header(string name) =>
                    lines
                        .FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
                        ?[(name.Length + 1)..].Trim();
                var body = new byte[int.Parse(Header("Content-Length") ?? "0", CultureInfo.InvariantCulture)];
                stream.ReadExactly(body);
                var words = lines[0].Split(' ');
                Got.Enqueue(($"{words[0]} {words[1]}", Header("Authorization"), Encoding.UTF8.GetString(body)));
                stream.Write(
                    Encoding.ASCII.GetBytes(
                        $"HTTP/1.1 {_answer(words[1])} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    )
                );
            }
            // Whoever asked may be gone.
            catch (IOException) { }
    }
}
