using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Muster.Sites.Clouds.DigitalOcean;

/// <summary>Requests to DigitalOcean: its faults in our words, and all pages as one list.</summary>
internal sealed class OceanApi : IDisposable
{
    private const int PageSize = 200;
    private static readonly Uri Public = new("https://api.digitalocean.com/");
    private readonly CloudSettings _settings;
    private readonly CloudHttp _http;

    public OceanApi(CloudSettings settings, Redactor redactor, TimeProvider clock)
    {
        _settings = settings;
        _http = new(
            "DigitalOcean",
            settings.Endpoint ?? Public,
            ("Authorization", $"Bearer {settings.Token?.Reveal()}"),
            redactor,
            clock
        );
    }

    public Task<OceanAnswer> GetAsync(string path, CancellationToken ct) =>
        SendAsync(HttpMethod.Get, path, null, CloudHttp.Patience, ct);

    /// <summary>Null when there is no such thing.</summary>
    public async Task<OceanAnswer?> FindAsync(string path, CancellationToken ct)
    {
        try
        {
            return await GetAsync(path, ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone)
        {
            return null;
        }
    }

    public async Task<OceanAnswer> PostAsync<T>(
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

    /// <summary>Accepted, or gone already.</summary>
    public async Task DeleteAsync(string path, CancellationToken ct)
    {
        try
        {
            await SendAsync(HttpMethod.Delete, path, null, CloudHttp.Patience, ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone) { }
    }

    /// <summary>All pages as one list. When things came or went meanwhile, it is read anew.</summary>
    /// <param name="path">With a query.</param>
    public async Task<IReadOnlyList<T>> ListAsync<T>(
        string path,
        Func<OceanAnswer, IReadOnlyList<T>?> select,
        Func<T, object> key,
        CancellationToken ct
    )
    {
        for (var round = 0; round < 3; round++)
        {
            var found = new Dictionary<object, T>();
            var totals = new HashSet<long?>();
            for (var page = 1; ; page++)
            {
                var answer = await GetAsync(
                    string.Create(CultureInfo.InvariantCulture, $"{path}&page={page}&per_page={PageSize}"),
                    ct
                );
                foreach (var entry in select(answer) ?? throw Unreadable(path))
                    found[key(entry)] = entry;
                totals.Add(answer.Meta?.Total);
                if (answer.Links?.Pages?.Next is null)
                    break;
            }
            if (totals is { Count: 1 } && (totals.Single() ?? found.Count) == found.Count)
                return [.. found.Values];
        }
        throw Unreadable($"{path.Split('?')[0]} (its pages do not agree)");
    }

    public CloudException Fault(CloudFault fault, string message, string? code = null, string? id = null) =>
        new(
            fault,
            _http.Clean($"DigitalOcean: {message}{(code is null ? "" : $" [{code}]")}"),
            CloudFixes.For(fault, _settings, OceanFaults.Rights),
            code,
            id
        );

    private CloudException Unreadable(string what) =>
        Fault(CloudFault.Upstream, $"the answer to {what.Split('?')[0]} cannot be read");

    private async Task<OceanAnswer> SendAsync(
        HttpMethod method,
        string path,
        HttpContent? body,
        TimeSpan patience,
        CancellationToken ct
    )
    {
        var reply = await _http.SendAsync(method, $"v2/{path}", body, patience, ct);
        if (reply.IsSuccess)
            return reply.Body.Length == 0 ? new() : reply.Read(OceanWire.Default.OceanAnswer) ?? throw Unreadable(path);
        var error = reply.Read(OceanWire.Default.OceanError);
        var code = error?.Id is { ValueKind: JsonValueKind.String } word ? word.GetString() : null;
        var message = error?.Message ?? $"status {(int)reply.Status} for {reply.What}: {reply.Quote()}";
        var id = error?.RequestId ?? reply.Header("x-request-id");
        var fault = OceanFaults.Of(code, message, reply.Status);
        if (fault is not CloudFault.Throttled)
            throw Fault(fault, message, code, id);
        // The limit of a minute says how long to wait. That of an hour says when the oldest request leaves the window.
        var until =
            reply.RetryAfter
            ?? (
                reply.Number("ratelimit-reset") is { } reset and < 253_402_300_799
                    ? reply.Capped(DateTimeOffset.FromUnixTimeSeconds(reset))
                    : reply.At.AddSeconds(60)
            );
        throw _http.Throttled($"DigitalOcean: {message}", until, code, id);
    }

    public void Dispose() => _http.Dispose();
}
