using Microsoft.AspNetCore.Http;
using Muster.Gateway.Model;
using Muster.Gateway.Spool;
using Muster.NodeOdm;

namespace Muster.Gateway.Api;

/// <summary>
/// Gives results out: straight from the bucket where there is one and the client can follow, else through us.
/// </summary>
internal sealed class Downloads(ResultFolder results, GatewayOptions options) : IDisposable
{
    /// <summary>A whole download, over a slow link, with one address.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private readonly HttpClient _prefix = new(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        Timeout = TimeSpan.FromSeconds(3),
        DefaultRequestHeaders = { { OutsideHttp.Mark, "1" } },
    };

    public async Task SendAsync(HttpContext http, TaskPhase.Ended end, ResultFile result)
    {
        if (
            HttpMethods.IsGet(http.Request.Method)
            && (await AtNodesAsync(end, "all.zip", http.RequestAborted) ?? AddressOf(result)) is { } address
            && !(http.Request.IsHttps && address.Scheme == "http")
        )
        {
            Redirect(http, address);
            return;
        }
        await using var content = results.Open(result);
        await http.SendStreamAsync(content, "all.zip", "application/zip", $"\"{result.Sha256}\"", end.At);
    }

    /// <summary>
    /// Nodes may put more than the archive into a bucket of their own. What is not there is not promised.
    /// </summary>
    public async Task ElsewhereAsync(HttpContext http, GatewayTask task, string asset)
    {
        if (task.Phase is TaskPhase.Ended end && await AtNodesAsync(end, asset, http.RequestAborted) is { } address)
            Redirect(http, address);
        else
            await http.RefuseAsync("Invalid asset");
    }

    private Uri? AddressOf(ResultFile result) => options.StreamDownloads ? null : results.AddressOf(result, Lifetime);

    /// <summary>Where a node has put an asset, if it has. Such buckets are ClusterODM's custom.</summary>
    private async Task<Uri?> AtNodesAsync(TaskPhase.Ended end, string asset, CancellationToken ct) =>
        options.DownloadsFromS3 is { } prefix && end.OnNode is { } id && Asset(asset) is { } path
            ? await IsThereAsync(new(prefix, $"{id}/{path}"), ct)
            : null;

    private static void Redirect(HttpContext http, Uri address)
    {
        http.Response.StatusCode = StatusCodes.Status302Found;
        http.Response.Headers.Location = address.AbsoluteUri;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentLength = 0;
    }

    /// <summary>Null for what would lead out of the task's folder.</summary>
    private static string? Asset(string asset) =>
        asset == "orthophoto.tif" ? "odm_orthophoto/odm_orthophoto.tif"
        : asset.Split('/') is var parts && parts.All(part => part.Length > 0 && part is not ("." or ".."))
            ? string.Join('/', parts.Select(Uri.EscapeDataString))
        : null;

    private async Task<Uri?> IsThereAsync(Uri address, CancellationToken ct)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, address);
            using var response = await _prefix.SendAsync(request, ct);
            // Where it is moved to is the client's to find out.
            return response.IsSuccessStatusCode || (int)response.StatusCode is >= 300 and < 400 ? address : null;
        }
        catch (Exception fault)
            when (fault is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose() => _prefix.Dispose();
}
