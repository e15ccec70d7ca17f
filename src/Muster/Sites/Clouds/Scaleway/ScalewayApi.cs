using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Muster.Faults;

namespace Muster.Sites.Clouds.Scaleway;

/// <summary>Requests to Scaleway: its faults in our words, and all pages as one list.</summary>
internal sealed class ScalewayApi : IDisposable
{
    private const int PageSize = 100;
    private static readonly Uri Public = new("https://api.scaleway.com/");
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);
    private readonly CloudSettings _settings;
    private readonly CloudHttp _http;
    private int _throttled;

    public ScalewayApi(CloudSettings settings, Redactor redactor, TimeProvider clock)
    {
        _settings = settings;
        _http = new(
            "Scaleway",
            settings.Endpoint ?? Public,
            ("X-Auth-Token", settings.Token?.Reveal() ?? ""),
            redactor,
            clock
        );
    }

    /// <summary>Null when there is no such thing.</summary>
    public async Task<T?> FindAsync<T>(string path, JsonTypeInfo<T> form, CancellationToken ct)
        where T : class
    {
        try
        {
            return await GetAsync(path, form, ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone)
        {
            return null;
        }
    }

    /// <summary>Raw text; null when there is none.</summary>
    public async Task<string?> FindTextAsync(string path, CancellationToken ct)
    {
        try
        {
            var reply = await SendAsync(HttpMethod.Get, path, null, CloudHttp.Patience, ct);
            return Encoding.UTF8.GetString(reply.Body);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone)
        {
            return null;
        }
    }

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> form, CancellationToken ct)
        where T : class
    {
        var reply = await SendAsync(HttpMethod.Get, path, null, CloudHttp.Patience, ct);
        return reply.Read(form) ?? throw Unreadable(path);
    }

    public async Task<CloudReply> PostAsync<T>(
        string path,
        T body,
        JsonTypeInfo<T> form,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, form));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return await SendAsync(HttpMethod.Post, path, content, patience, ct);
    }

    /// <summary>User data are raw text, and no JSON.</summary>
    public async Task PatchTextAsync(string path, string text, CancellationToken ct)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        await SendAsync(HttpMethod.Patch, path, content, CloudHttp.Patience, ct);
    }

    /// <summary>Accepted, or gone already.</summary>
    public async Task DeleteAsync(string path, CancellationToken ct)
    {
        try
        {
            await SendAsync(HttpMethod.Delete, path, null, CloudHttp.Patience, ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone) { }
    }

    /// <summary>
    /// All pages as one list. The instance API writes how many there are in a header, and nowhere else.
    /// </summary>
    /// <param name="path">With a query.</param>
    public async Task<IReadOnlyList<TItem>> ListAsync<TPage, TItem>(
        string path,
        JsonTypeInfo<TPage> form,
        Func<TPage, IEnumerable<TItem>?> select,
        Func<TItem, string> key,
        CancellationToken ct
    )
        where TPage : class
    {
        // Things that come and go meanwhile move from page to page: then it is read anew.
        for (var round = 0; round < 3; round++)
        {
            var found = new Dictionary<string, TItem>();
            var totals = new HashSet<long?>();
            for (var page = 1; ; page++)
            {
                var reply = await SendAsync(
                    HttpMethod.Get,
                    string.Create(CultureInfo.InvariantCulture, $"{path}&page={page}&{SizeKey(path)}={PageSize}"),
                    null,
                    CloudHttp.Patience,
                    ct
                );
                var entries = (reply.Read(form) is { } read ? select(read) : null)?.ToList() ?? throw Unreadable(path);
                foreach (var entry in entries)
                    found[key(entry)] = entry;
                totals.Add(reply.Number("X-Total-Count") ?? Total(reply));
                if (entries.Count < PageSize)
                    break;
            }
            if (totals is { Count: 1 } && (totals.Single() ?? found.Count) == found.Count)
                return [.. found.Values];
        }
        throw Unreadable($"{path.Split('?')[0]} (its pages do not agree)");
    }

    private static string SizeKey(string path) =>
        path.StartsWith("instance/", StringComparison.Ordinal) ? "per_page" : "page_size";

    private static long? Total(CloudReply reply) => reply.Read(ScalewayWire.Default.ScalewayTotal)?.TotalCount;

    public CloudException Fault(CloudFault fault, string message, string? code = null, string? id = null) =>
        new(
            fault,
            _http.Clean($"Scaleway: {message}{(code is null ? "" : $" [{code}]")}"),
            CloudFixes.For(fault, _settings, ScalewayFaults.Rights),
            code,
            id
        );

    private CloudException Unreadable(string what) =>
        Fault(CloudFault.Upstream, $"the answer to {what.Split('?')[0]} cannot be read");

    private async Task<CloudReply> SendAsync(
        HttpMethod method,
        string path,
        HttpContent? body,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        var reply = await _http.SendAsync(method, path, body, patience, ct);
        if (reply.IsSuccess)
        {
            Interlocked.Exchange(ref _throttled, 0);
            return reply;
        }
        var error = reply.Read(ScalewayWire.Default.ScalewayError);
        var id = reply.Header("X-Request-Id");
        var message = error is { Message: not null } or { Type: not null }
            ? ScalewayFaults.Words(error)
            : $"status {(int)reply.Status} for {reply.What}: {reply.Quote()}";
        var fault = ScalewayFaults.Of(error, reply.Status);
        if (fault is not CloudFault.Throttled)
            throw Fault(fault, message, error?.Type, id);
        // Nothing in the answer says for how long: 1, 2, 4 … 60 s.
        var times = Interlocked.Increment(ref _throttled);
        var pause = TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, Math.Pow(2, Math.Min(times, 10) - 1)));
        throw _http.Throttled(
            $"Scaleway: too many requests ({reply.What})",
            reply.RetryAfter ?? reply.At + pause.Jittered(),
            error?.Type,
            id
        );
    }

    public void Dispose() => _http.Dispose();
}
