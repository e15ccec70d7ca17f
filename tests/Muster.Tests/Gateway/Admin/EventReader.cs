using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Muster.Gateway.Admin;

/// <summary>Reads the event stream as a page does.</summary>
internal sealed class EventReader : IDisposable
{
    private readonly IAsyncEnumerator<SseItem<string>> _events;
    private readonly HttpResponseMessage _response;

    private EventReader(HttpResponseMessage response, Stream stream)
    {
        _response = response;
        _events = SseParser
            .Create(stream)
            .EnumerateAsync(TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);
    }

    public static async Task<EventReader> OpenAsync(AdminCaller caller, string? lastId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/v1/events");
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (lastId is not null)
            request.Headers.Add("Last-Event-ID", lastId);
        var response = await caller.Http.SendAsync(
            request,
            HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken
        );
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return new(response, await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    public async Task<(string? Id, string Kind, JsonElement Data, string Word)> NextAsync()
    {
        Assert.True(await _events.MoveNextAsync());
        var data = JsonElement.Parse(_events.Current.Data);
        return (
            _events.Current.EventId,
            _events.Current.EventType,
            data,
            data.GetProperty("text").GetString()!.Split(' ')[1]
        );
    }

    public void Dispose() => _response.Dispose();
}
