using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Muster.Faults;

namespace Muster.NodeOdm;

/// <summary>Tells the ends of tasks to addresses that others named, in several attempts each.</summary>
internal sealed partial class WebhookCaller(IReadOnlyList<TimeSpan> waits, TimeProvider clock, ILogger log)
    : IDisposable
{
    private const int AtOnce = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _room = new(AtOnce);

    /// <summary>An attempt after each of the waits, until it is heard.</summary>
    /// <param name="isOver">The task was begun anew meanwhile, and this end is none.</param>
    public async Task CallAsync(
        HttpClient http,
        string address,
        string body,
        string task,
        Func<bool> isOver,
        CancellationToken ct
    )
    {
        foreach (var wait in waits)
        {
            await Task.Delay(wait.Jittered(), clock, ct);
            await _room.WaitAsync(ct);
            try
            {
                if (isOver())
                    return;
                var status = await PostAsync(http, new(address), body, ct);
                if (status == HttpStatusCode.OK)
                    return;
                Failed(task, $"status {(int)status}");
            }
            catch (Exception fault)
                when (!ct.IsCancellationRequested
                    && (NeverWorks(fault) || fault is HttpRequestException or OperationCanceledException or IOException)
                )
            {
                Failed(task, fault.GetBaseException().Message);
                if (NeverWorks(fault.GetBaseException()))
                    return;
            }
            finally
            {
                _room.Release();
            }
        }
    }

    /// <summary>Only the status of the answer counts, so its body is not read.</summary>
    private static async Task<HttpStatusCode> PostAsync(HttpClient http, Uri address, string json, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        return response.StatusCode;
    }

    /// <summary>It is the address that is wrong.</summary>
    private static bool NeverWorks(Exception fault) =>
        fault is RefusalException or UriFormatException or NotSupportedException or InvalidOperationException;

    public void Dispose() => _room.Dispose();

    /// <summary>The address stays out of the log: it may hold a secret.</summary>
    [LoggerMessage(LogLevel.Warning, "The webhook of {Task} did not take its end: {Why}")]
    private partial void Failed(string task, string why);
}
