using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Gateway.Admin;
using Muster.Gateway.Model;

namespace Muster.Cli.Gateway;

/// <summary>A gateway's admin door, as the commands about nodes, tasks and tokens call it.</summary>
internal sealed class AdminClient : IDisposable
{
    private const string Root = "api/v1/";
    private const string Usual = "http://127.0.0.1:10000";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http;
    private readonly Uri _url;

    private AdminClient(Uri url, string? password)
    {
        _url = url;
        _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(10), AllowAutoRedirect = false })
        {
            BaseAddress = new(url, Root),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (password is not null)
            _http.DefaultRequestHeaders.Authorization = new(
                "Basic",
                Convert.ToBase64String(Encoding.UTF8.GetBytes($"admin:{password}"))
            );
    }

    public static Option<string?> GatewayOption() =>
        new("--gateway", "-g")
        {
            Description = $"Admin address of the gateway (default: $MUSTER_GATEWAY, otherwise {Usual}).",
            HelpName = "URL",
        };

    public static Option<string?> PasswordOption() =>
        new("--password-file")
        {
            Description = "File with its admin password (default: $MUSTER_ADMIN_PASS).",
            HelpName = "FILE",
        };

    /// <summary>A command that calls a gateway.</summary>
    public static Command Command(
        string name,
        string description,
        IEnumerable<Symbol> takes,
        Func<App, AdminClient, ParseResult, CancellationToken, Task<int>> act
    )
    {
        var (gateway, password) = (GatewayOption(), PasswordOption());
        var command = new Command(name, description);
        foreach (var symbol in takes)
        {
            if (symbol is Argument argument)
                command.Add(argument);
            else
                command.Add((Option)symbol);
        }
        command.Add(gateway);
        command.Add(password);
        command.SetAction(
            async (parsed, ct) =>
            {
                using var door = Open(parsed.GetValue(gateway), parsed.GetValue(password));
                return await act(parsed.App(), door, parsed, ct);
            }
        );
        return command;
    }

    private static AdminClient Open(string? url, string? passwordFile)
    {
        var text = url ?? Environment.GetEnvironmentVariable("MUSTER_GATEWAY") ?? Usual;
        if (
            !Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https")
        )
            throw UserException.Misuse($"'{text}' is not a gateway address", $"Example: {Usual}");
        return new(address, SecretFile.Read(passwordFile) ?? Environment.GetEnvironmentVariable("MUSTER_ADMIN_PASS"));
    }

    /// <param name="fix">What helps where the thing asked for is not there.</param>
    public async Task<T> AskAsync<T>(
        HttpMethod method,
        string path,
        JsonTypeInfo<T> answer,
        CancellationToken ct,
        string? fix = null,
        HttpContent? body = null
    ) => Read(await BytesAsync(method, path, fix, body, ct), answer);

    public Task<byte[]> BytesAsync(string path, CancellationToken ct) =>
        BytesAsync(HttpMethod.Get, path, null, null, ct);

    private async Task<byte[]> BytesAsync(
        HttpMethod method,
        string path,
        string? fix,
        HttpContent? body,
        CancellationToken ct
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body };
            using var response = await _http.SendAsync(request, limit.Token);
            var text = await response.Content.ReadAsByteArrayAsync(limit.Token);
            if (!response.IsSuccessStatusCode)
                throw Refused(response.StatusCode, text, fix);
            return text;
        }
        catch (HttpRequestException fault)
        {
            throw Unreachable(fault.Message, fault);
        }
        catch (OperationCanceledException fault) when (!ct.IsCancellationRequested)
        {
            throw Unreachable($"no answer within {Patience.TotalSeconds:0} s", fault);
        }
    }

    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> answer, CancellationToken ct, string? fix = null) =>
        AskAsync(HttpMethod.Get, path, answer, ct, fix);

    public Task<T> PostAsync<T, TBody>(
        string path,
        TBody body,
        JsonTypeInfo<TBody> type,
        JsonTypeInfo<T> answer,
        CancellationToken ct
    ) =>
        AskAsync(
            HttpMethod.Post,
            path,
            answer,
            ct,
            body: new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, type))
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            }
        );

    /// <summary>
    /// What happens from now on. A connection that breaks is made again, and goes on behind the last event.
    /// </summary>
    public async IAsyncEnumerable<GatewayEvent> EventsAsync([EnumeratorCancellation] CancellationToken ct)
    {
        var after = (await GetAsync("events?limit=1", AdminJson.Plain.EventList, ct)).Last;
        while (true)
        {
            await using var stream = await StreamAsync(after, ct);
            if (stream is not null)
            {
                await using var events = SseParser.Create(stream).EnumerateAsync(ct).GetAsyncEnumerator(ct);
                while (await MovesAsync(events))
                {
                    var happened = JsonSerializer.Deserialize(events.Current.Data, AdminJson.Plain.GatewayEvent)!;
                    after = happened.Number;
                    yield return happened;
                }
            }
            await Task.Delay(Pause, ct);
        }
    }

    private async Task<Stream?> StreamAsync(long after, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"events?after={after}");
        request.Headers.Accept.ParseAdd("text/event-stream");
        try
        {
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            return response.IsSuccessStatusCode
                ? await response.Content.ReadAsStreamAsync(ct)
                : throw Refused(response.StatusCode, await response.Content.ReadAsByteArrayAsync(ct), null);
        }
        catch (HttpRequestException) // it is being started anew
        {
            return null;
        }
    }

    private static async Task<bool> MovesAsync(IAsyncEnumerator<SseItem<string>> events)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException)
        {
            return false;
        }
    }

    private UserException Refused(HttpStatusCode status, byte[] text, string? fix)
    {
        if (status == HttpStatusCode.Unauthorized)
            return new(
                $"{_url} requires the admin password",
                "Pass it with --password-file FILE or in $MUSTER_ADMIN_PASS."
            )
            {
                ExitCode = ExitCodes.AuthenticationNeeded,
            };
        var fault = Read(text, AdminJson.Plain.AdminFault);
        return new(fault.Error, status == HttpStatusCode.NotFound && fix is not null ? fix : fault.Fix);
    }

    private T Read<T>(byte[] text, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(text, type) ?? throw new JsonException();
        }
        catch (JsonException fault)
        {
            throw new UserException(
                $"{_url} does not answer like a gateway's admin port",
                "Use the port of `muster serve --admin-web-port` (10000), not the client port.",
                fault
            );
        }
    }

    private UserException Unreachable(string why, Exception fault) =>
        new(
            $"no gateway answers at {_url}: {why}",
            "Start one with `muster serve`, or specify one with --gateway URL or $MUSTER_GATEWAY.",
            fault
        )
        {
            ExitCode = ExitCodes.Unknown,
        };

    public void Dispose() => _http.Dispose();
}
