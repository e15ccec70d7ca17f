using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Muster.Sites.Clouds.Hetzner;

/// <summary>Requests to Hetzner's API: its faults in our words, its pages as one list, its limit kept.</summary>
internal sealed class HetznerApi : IDisposable
{
    private static readonly Uri Public = new("https://api.hetzner.cloud/v1/");
    private const int PageSize = 50;
    private readonly CloudSettings _settings;
    private readonly TimeProvider _clock;
    private readonly CloudHttp _http;
    private readonly Lock _lock = new();
    private (long Limit, long Remaining, DateTimeOffset At) _budget;

    public HetznerApi(CloudSettings settings, Redactor redactor, TimeProvider clock)
    {
        (_settings, _clock) = (settings, clock);
        _http = new(
            "Hetzner",
            settings.Endpoint ?? Public,
            ("Authorization", $"Bearer {settings.Token?.Reveal()}"),
            redactor,
            clock
        );
    }

    /// <summary>How far our clock was from the provider's at the last answer.</summary>
    public TimeSpan ClockAhead { get; private set; }

    /// <summary>
    /// How long to leave a thing that is asked after again and again: longer when few requests are left.
    /// </summary>
    public TimeSpan PollPause => Share() < 0.1 ? TimeSpan.FromSeconds(10) : TimeSpan.FromSeconds(1);

    public Task<HetznerAnswer> GetAsync(string path, CancellationToken ct) =>
        SendAsync(HttpMethod.Get, path, null, CloudHttp.Patience, false, ct);

    /// <summary>Null when there is no such thing.</summary>
    public async Task<HetznerAnswer?> FindAsync(string path, bool urgent, CancellationToken ct)
    {
        try
        {
            return await SendAsync(HttpMethod.Get, path, null, CloudHttp.Patience, urgent, ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone)
        {
            return null;
        }
    }

    public async Task<HetznerAnswer> PostAsync<T>(
        string path,
        T body,
        JsonTypeInfo<T> form,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, form));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return await SendAsync(HttpMethod.Post, path, content, patience, false, ct);
    }

    /// <summary>Accepted, or gone already.</summary>
    public async Task DeleteAsync(string path, CancellationToken ct)
    {
        try
        {
            await SendAsync(HttpMethod.Delete, path, null, CloudHttp.Patience, true, ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone) { }
    }

    /// <summary>
    /// All pages as one list. When things came or went meanwhile, entries move from page to page: then it is read anew.
    /// </summary>
    /// <param name="path">With a query.</param>
    public async Task<IReadOnlyList<T>> ListAsync<T>(
        string path,
        Func<HetznerAnswer, IReadOnlyList<T>?> select,
        Func<T, object> key,
        CancellationToken ct
    )
    {
        for (var round = 0; round < 3; round++)
        {
            var found = new Dictionary<object, T>();
            var totals = new HashSet<int?>();
            for (int? page = 1; page is not null; )
            {
                var answer = await GetAsync(
                    string.Create(CultureInfo.InvariantCulture, $"{path}&per_page={PageSize}&page={page}"),
                    ct
                );
                var entries = select(answer) ?? throw Unreadable(path);
                foreach (var entry in entries)
                    found[key(entry)] = entry;
                totals.Add(answer.Meta?.Pagination?.TotalEntries);
                page = answer.Meta?.Pagination?.NextPage is { } next && next > page ? next : null;
            }
            if (totals is { Count: 1 } && (totals.Single() ?? found.Count) == found.Count)
                return [.. found.Values];
        }
        throw Unreadable($"{path} (its pages do not agree)");
    }

    /// <summary>What an action that ended badly means.</summary>
    public CloudException FaultOf(HetznerAction action)
    {
        var message = HetznerFaults.Words(action.Error ?? new(null, "no reason given"));
        var fault = HetznerFaults.Of(action.Error?.Code, message, null, OwnGroup);
        return Fault(fault, $"{action.Command} failed: {message}", action.Error?.Code, null);
    }

    public CloudException Fault(CloudFault fault, string message, string? code = null, string? id = null) =>
        new(
            fault,
            _http.Clean($"Hetzner: {message}{(code is null ? "" : $" [{code}]")}"),
            CloudFixes.For(fault, _settings, HetznerFaults.Rights),
            code,
            id
        );

    public void Dispose() => _http.Dispose();

    private bool OwnGroup => _settings.Options.ContainsKey("placement_group");

    private CloudException Unreadable(string what) =>
        Fault(CloudFault.Upstream, $"the answer to {what.Split('?')[0]} cannot be read");

    private async Task<HetznerAnswer> SendAsync(
        HttpMethod method,
        string path,
        HttpContent? body,
        TimeSpan patience,
        bool urgent,
        CancellationToken ct
    )
    {
        // What is left of the hour's requests is kept for those that end machines.
        if (!urgent && Share() < 0.02)
        {
            throw new CloudException(
                CloudFault.Throttled,
                "Hetzner: nearly all requests of this hour are used, and the rest is kept for deleting machines",
                CloudFixes.For(CloudFault.Throttled, _settings, HetznerFaults.Rights)
            )
            {
                Until = _clock.GetUtcNow().AddMinutes(1),
                NeverSent = true,
            };
        }
        var reply = await _http.SendAsync(method, path, body, patience, ct);
        Note(reply);
        var answer = reply.Read(HetznerWire.Default.HetznerAnswer);
        if (reply.IsSuccess)
            return answer ?? (reply.Body.Length == 0 ? new() : throw Unreadable(reply.What));

        var id = reply.Header("X-Correlation-Id");
        var code = answer?.Error?.Code;
        var message = answer?.Error is { } error
            ? HetznerFaults.Words(error)
            : $"status {(int)reply.Status}: {reply.Quote()}";
        var fault = HetznerFaults.Of(code, message, reply.Status, OwnGroup);
        if (fault is not CloudFault.Throttled)
            throw Fault(fault, message, code, id);
        var until = reply.Number("RateLimit-Reset") is { } reset and < 253_402_300_799
            ? reply.Capped(DateTimeOffset.FromUnixTimeSeconds(reset))
            : reply.RetryAfter ?? reply.At.AddSeconds(60);
        throw _http.Throttled($"Hetzner: {message}", until, code, id);
    }

    private void Note(CloudReply reply)
    {
        if (
            DateTimeOffset.TryParse(
                reply.Header("Date"),
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var theirs
            )
        )
            ClockAhead = reply.At - theirs;
        if (
            reply.Number("RateLimit-Limit") is not ({ } limit and > 0)
            || reply.Number("RateLimit-Remaining") is not { } left
        )
            return;
        lock (_lock)
            _budget = (limit, left, reply.At);
    }

    /// <summary>Which share of the hour's requests is left: one comes back each second of 3,600.</summary>
    private double Share()
    {
        lock (_lock)
        {
            if (_budget.Limit == 0)
                return 1;
            var back = (_clock.GetUtcNow() - _budget.At).TotalHours * _budget.Limit;
            return (_budget.Remaining + back) / _budget.Limit;
        }
    }
}
