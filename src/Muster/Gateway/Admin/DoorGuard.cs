using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Muster.Faults;

namespace Muster.Gateway.Admin;

/// <summary>What a door for people does with every request: whose pages may call, who may come in, what becomes of a
/// fault.</summary>
/// <param name="guarded">A password is asked for, so that the door may have any name.</param>
/// <param name="admit">False where the caller has had their answer.</param>
internal sealed partial class DoorGuard(
    ILogger log,
    long longestBody,
    Func<bool> guarded,
    Func<HttpContext, Task<bool>> admit
)
{
    public async Task RunAsync(HttpContext http, RequestDelegate next)
    {
        var headers = http.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.ContentSecurityPolicy =
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        try
        {
            if (OriginRule.Refusal(http.Request, guarded()) is { } refusal)
                await http.FaultAsync(
                    StatusCodes.Status403Forbidden,
                    refusal,
                    "Call it from a program, or from its own page."
                );
            else if (await admit(http))
            {
                await next(http);
                if (
                    !http.Response.HasStarted
                    && http.Response.StatusCode
                        is StatusCodes.Status404NotFound
                            or StatusCodes.Status405MethodNotAllowed
                )
                    await NothingAsync(http);
            }
        }
        catch (UserException fault) when (!http.Response.HasStarted)
        {
            await http.FaultAsync(StatusCodes.Status400BadRequest, fault.Message, fault.Fix);
        }
        catch (BadHttpRequestException fault) when (!http.Response.HasStarted)
        {
            await http.FaultAsync(fault.StatusCode, fault.Message, $"A body has up to {longestBody / 1024} KB.");
        }
        catch (OperationCanceledException) { } // the caller left, or we stop
        catch (Exception fault)
        {
            Failed(http.Request.Method, http.Request.Path, fault);
            if (http.Response.HasStarted)
                http.Abort();
            else
                await http.FaultAsync(
                    StatusCodes.Status500InternalServerError,
                    "it could not be done",
                    "Its log says why."
                );
        }
    }

    /// <summary>What is said where no path, or none of this method, is the one asked for.</summary>
    private static Task NothingAsync(HttpContext http)
    {
        var (path, status) = (http.Request.Path, http.Response.StatusCode);
        if (
            status == StatusCodes.Status405MethodNotAllowed
            && path.StartsWithSegments(AdminApi.Root, StringComparison.OrdinalIgnoreCase)
        )
            return http.FaultAsync(
                status,
                $"{path} does not take {http.Request.Method}",
                $"It takes {http.Response.Headers.Allow}."
            );
        http.Response.Headers.Allow = default;
        return http.FaultAsync(
            StatusCodes.Status404NotFound,
            $"there is nothing at {path}",
            $"GET {AdminApi.Root} lists what there is."
        );
    }

    [LoggerMessage(LogLevel.Error, "{Method} {Path} went wrong")]
    private partial void Failed(string method, string path, Exception fault);
}
