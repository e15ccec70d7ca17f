using System.Net.Sockets;
using System.Text;

namespace Muster.Gateway.Console;

/// <summary>Somebody with telnet.</summary>
internal sealed class ConsoleVisitor : IAsyncDisposable
{
    private readonly TcpClient _client = new();
    private readonly StringBuilder _heard = new();
    private NetworkStream _stream = null!;

    public string Greeting { get; private set; } = "";

    public static async Task<ConsoleVisitor> ComeAsync(TestGateway gateway)
    {
        var visitor = new ConsoleVisitor();
        await visitor._client.ConnectAsync(gateway.Host.Doors!.Console!, TestContext.Current.CancellationToken);
        visitor._stream = visitor._client.GetStream();
        visitor.Greeting = await visitor.AnswerAsync();
        return visitor;
    }

    public async Task<string> AskAsync(string line)
    {
        await SendAsync(Encoding.UTF8.GetBytes(line + "\r\n"));
        return await AnswerAsync();
    }

    public async Task SendAsync(byte[] bytes) => await _stream.WriteAsync(bytes, TestContext.Current.CancellationToken);

    /// <summary>No more will be sent; answers are still heard.</summary>
    public void HangUp() => _client.Client.Shutdown(SocketShutdown.Send);

    /// <summary>Everything up to and with the next prompt, or to the end.</summary>
    public async Task<string> AnswerAsync()
    {
        while (true)
        {
            var heard = _heard.ToString();
            var end = ((string[])["#> ", "$> "])
                .Select(prompt => heard.IndexOf(prompt, StringComparison.Ordinal))
                .Where(at => at >= 0)
                .DefaultIfEmpty(-1)
                .Min();
            if (end >= 0 || !await HearAsync())
            {
                var answer = end >= 0 ? heard[..(end + 3)] : heard;
                _heard.Remove(0, answer.Length);
                return answer;
            }
        }
    }

    /// <summary>The other side has ended the visit, and said nothing more.</summary>
    public async Task<bool> IsOverAsync()
    {
        while (await HearAsync()) { }
        return _heard.Length == 0;
    }

    private async Task<bool> HearAsync()
    {
        using var limit = new CancellationTokenSource(TestGateway.Patience);
        var buffer = new byte[4096];
        try
        {
            var count = await _stream.ReadAsync(buffer, limit.Token);
            _heard.Append(Encoding.UTF8.GetString(buffer, 0, count));
            return count > 0;
        }
        catch (IOException) // they hung up while we were still speaking
        {
            return false;
        }
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
