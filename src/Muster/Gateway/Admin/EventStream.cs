using System.Text;
using Microsoft.AspNetCore.Http;
using Muster.Gateway.Ledger;

namespace Muster.Gateway.Admin;

/// <summary>
/// An answer of Server-Sent Events, which goes on until the reader leaves or signs out, or we stop: then the reader
/// comes again, and goes on where it was.
/// </summary>
internal sealed class EventStream(EventReaders readers, Func<EventWriter, Task> tell, CancellationToken stopping)
    : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => readers.ServeAsync(httpContext, tell, stopping);
}

/// <summary>Those who follow one kind of events, of whom there are not too many.</summary>
internal sealed class EventReaders(TimeProvider clock)
{
    private const int Most = 200;
    private int _count;

    public async Task ServeAsync(HttpContext http, Func<EventWriter, Task> tell, CancellationToken stopping)
    {
        if (Interlocked.Increment(ref _count) > Most)
        {
            Interlocked.Decrement(ref _count);
            await http.FaultAsync(
                StatusCodes.Status503ServiceUnavailable,
                $"{Most} readers follow already",
                "End some of them, or try again later."
            );
            return;
        }
        var page = http.Features.Get<SignedIn>();
        using var over = page is null
            ? new CancellationTokenSource()
            : new CancellationTokenSource(page.Session.Expires - clock.GetUtcNow(), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping, over.Token);
        void Ended(string id)
        {
            if (id == page!.Id)
                over.Cancel();
        }
        if (page is not null)
            page.Sessions.Ended += Ended;
        try
        {
            await tell(new(http, clock, either.Token));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested || over.IsCancellationRequested) { }
        finally
        {
            if (page is not null)
                page.Sessions.Ended -= Ended;
            Interlocked.Decrement(ref _count);
        }
    }
}

/// <summary>One who follows: what is written reaches them at once, and silence is broken now and then.</summary>
internal sealed class EventWriter(HttpContext http, TimeProvider clock, CancellationToken ct)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(15);
    private long _spoken;

    public HttpRequest Request => http.Request;
    public CancellationToken Over => ct;

    /// <summary>Made when there is something to look at.</summary>
    public WakeUp Knock { get; } = new(clock);

    public async Task WriteAsync(string text)
    {
        if (!http.Response.HasStarted)
        {
            http.Response.ContentType = "text/event-stream; charset=utf-8";
            http.Response.Headers["X-Accel-Buffering"] = "no";
        }
        _spoken = clock.GetTimestamp();
        await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
    }

    /// <summary>Waits until somebody knocks, at most so long.</summary>
    public async Task WaitAsync(TimeSpan most)
    {
        if (clock.GetElapsedTime(_spoken) >= Quiet)
            await WriteAsync(":\n\n");
        await Knock.WaitAsync(most, ct);
    }
}
