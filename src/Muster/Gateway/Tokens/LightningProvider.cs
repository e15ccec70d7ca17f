using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Tokens;

/// <summary>
/// Accounts that another server keeps, in ClusterODM's way: it validates tokens, approves tasks and is told their end.
/// While it is silent, tokens that were good lately stay good; of others nobody knows, and their requests are dropped
/// rather than refused.
/// </summary>
public sealed partial class LightningProvider(Uri server, TaskStore store, TimeProvider clock, ILogger log)
    : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Outage = TimeSpan.FromHours(24);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);
    private const int TriesOfFinished = 10;
    private const int TriesOfApproval = 5;

    // A redirect would hand the token to whoever it names.
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = NodeOdm.InputLimits.Default.AnswerBytes,
    };
    private readonly ConcurrentDictionary<string, (TokenLimits Limits, DateTimeOffset At)> _good = [];

    public Uri LoginUrl => new(server, "auth/getToken");

    public TokenLimits LimitsOf(string owner) =>
        _good.TryGetValue(owner, out var known) ? known.Limits : TokenLimits.None;

    /// <summary>Null for a token that is not valid.</summary>
    public async Task<Caller?> AdmitAsync(string token, CancellationToken ct)
    {
        if (token.Length == 0)
            return null;
        var owner = OwnerOf(token);
        var now = clock.GetUtcNow();
        if (_good.TryGetValue(owner, out var known) && now - known.At < Fresh)
            return new(owner, known.Limits, null, token);
        switch (await AskAsync("tokens/validate", new() { Token = token }, ct))
        {
            case { Valid: true } answer:
                var limits = answer.Limits ?? TokenLimits.None;
                if (!_good.ContainsKey(owner))
                    store.Set(Secret(owner), token);
                _good[owner] = (limits, now);
                return new(owner, limits, null, token);
            case { }:
                _good.TryRemove(owner, out _);
                return null;
            case null when known.Limits is not null && now - known.At < Outage:
                return new(owner, known.Limits, null, token);
            default:
                throw new ProviderSilentException();
        }
    }

    /// <summary>Why a task may not be; null when it may.</summary>
    public async Task<string?> RefusalAsync(Caller caller, int images, CancellationToken ct) =>
        Refusal(await AskAsync("tasks/approve", new() { Token = caller.Text, ImagesCount = images }, ct));

    /// <summary>
    /// The same for a task whose files were fetched, so that nobody waits for the answer: a server that is silent is
    /// asked again.
    /// </summary>
    public async Task<string?> LateRefusalAsync(string owner, int images, CancellationToken ct)
    {
        var question = new Question { Token = store.Setting(Secret(owner)), ImagesCount = images };
        for (var attempt = 1; ; attempt++)
        {
            var answer = await AskAsync("tasks/approve", question, ct);
            if (answer is not null || attempt == TriesOfApproval)
                return Refusal(answer);
            await Task.Delay(TimeSpan.FromSeconds(10) * attempt, clock, ct);
        }
    }

    private static string? Refusal(Answer? answer) =>
        answer switch
        {
            { Approved: true } => null,
            { Error: { } error } => error,
            { } => "The task was not approved.",
            null => "The account server does not answer; please try again in a minute.",
        };

    /// <summary>Tells the end of a task. True when it was heard, or never will be.</summary>
    public async Task<bool> FinishedAsync(string owner, string info, CancellationToken ct)
    {
        if (store.Setting(Secret(owner)) is not { } token)
            return true;
        for (var attempt = 1; attempt <= TriesOfFinished; attempt++)
        {
            if (await AskAsync("tasks/finished", new() { Token = token, TaskInfo = info }, ct) is not null)
                return true;
            await Task.Delay(TimeSpan.FromSeconds(10) * attempt, clock, ct);
        }
        return false;
    }

    private static string OwnerOf(string token) => Caller.ProviderPrefix + AccessToken.HashOf(token)[..24];

    /// <summary>
    /// The end of a task is told with its user's token, so that one is kept, in a file that nobody else can read.
    /// </summary>
    private static string Secret(string owner) => $"token of {owner}";

    private async Task<Answer?> AskAsync(string path, Question question, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            using var body = new StringContent(
                JsonSerializer.Serialize(question, Wire.Default.Question),
                Encoding.UTF8,
                "application/json"
            );
            using var response = await _http.PostAsync(new Uri(server, path), body, limit.Token);
            if (response.StatusCode != HttpStatusCode.OK)
                throw new HttpRequestException($"status {(int)response.StatusCode}");
            return JsonSerializer.Deserialize(
                await response.Content.ReadAsByteArrayAsync(limit.Token),
                Wire.Default.Answer
            );
        }
        catch (Exception fault)
            when (!ct.IsCancellationRequested
                && fault is HttpRequestException or OperationCanceledException or JsonException
            )
        {
            Silent(server.Host, path, fault.Message);
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    [LoggerMessage(LogLevel.Warning, "{Server} did not answer {Path}: {Why}")]
    private partial void Silent(string server, string path, string why);

    internal sealed record Question
    {
        public string? Token { get; init; }
        public int? ImagesCount { get; init; }
        public string? TaskInfo { get; init; }
    }

    internal sealed record Answer
    {
        public bool Valid { get; init; }
        public TokenLimits? Limits { get; init; }
        public bool Approved { get; init; }
        public string? Error { get; init; }
    }

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
    )]
    [JsonSerializable(typeof(Question))]
    [JsonSerializable(typeof(Answer))]
    internal sealed partial class Wire : JsonSerializerContext;
}

/// <summary>Nobody can say now whether a token is valid.</summary>
public sealed class ProviderSilentException : Exception;
