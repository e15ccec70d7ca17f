using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Muster.NodeOdm;

/// <summary>
/// What every server of this API does alike: how it answers, who may call from a browser, and what becomes of a fault.
/// </summary>
public static partial class OdmEndpoints
{
    private const string JsonType = "application/json; charset=utf-8";

    /// <summary>
    /// Photos are large and links are slow: no limit on a body's size here, and none on how slowly an answer may go.
    /// <see cref="UploadGate"/> sees to the rest.
    /// </summary>
    public static void SetLimits(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MaxRequestBufferSize = 1 << 18;
    }

    public static async Task AnswerAsync<T>(
        this HttpContext http,
        T answer,
        JsonTypeInfo<T> type,
        int status = StatusCodes.Status200OK
    )
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(answer, type);
        http.Response.StatusCode = status;
        http.Response.ContentType = JsonType;
        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }

    /// <summary>
    /// A list of lines, written as they are read, between what stands before and behind it: the longest output takes
    /// little memory.
    /// </summary>
    public static async Task AnswerLinesAsync(
        this HttpContext http,
        ReadOnlyMemory<byte> before,
        IEnumerable<string> lines,
        ReadOnlyMemory<byte> behind
    )
    {
        const int most = 64 << 10;
        var bytes = new ArrayBufferWriter<byte>();
        bytes.Write(before.Span);
        bytes.Write("["u8);
        http.Response.ContentType = JsonType;
        var first = true;
        foreach (var line in lines)
        {
            if (!first)
                bytes.Write(","u8);
            first = false;
            bytes.Write(JsonSerializer.SerializeToUtf8Bytes(line, OdmJson.Wire.String));
            if (bytes.WrittenCount < most)
                continue;
            await http.Response.Body.WriteAsync(bytes.WrittenMemory, http.RequestAborted);
            bytes.ResetWrittenCount();
        }
        bytes.Write("]"u8);
        bytes.Write(behind.Span);
        if (!http.Response.HasStarted)
            http.Response.ContentLength = bytes.WrittenCount;
        await http.Response.Body.WriteAsync(bytes.WrittenMemory, http.RequestAborted);
    }

    public static Task RefuseAsync(
        this HttpContext http,
        string error,
        bool noRetry = false,
        int status = StatusCodes.Status200OK
    ) => http.AnswerAsync(new(error, noRetry), OdmJson.Wire.ErrorAnswer, status);

    /// <summary>
    /// Pages of any origin may call, as with NodeODM: what protects is the token, which no browser adds by itself.
    /// </summary>
    /// <param name="isOpen">No token is asked for. What a browser adds by itself, for a proxy in front of us, is not
    /// for any page to use then.</param>
    public static IApplicationBuilder UseOdmCors(this IApplicationBuilder app, Func<bool> isOpen) =>
        app.Use(
            (http, next) =>
            {
                var headers = http.Response.Headers;
                var origin = http.Request.Headers.Origin;
                var named = origin.Count > 0 && !isOpen();
                headers.AccessControlAllowOrigin = named ? origin : "*";
                if (named)
                {
                    headers.Vary = "Origin";
                    headers.AccessControlAllowCredentials = "true";
                }
                if (!HttpMethods.IsOptions(http.Request.Method))
                    return next(http);
                headers.AccessControlAllowMethods = "GET,HEAD,PUT,PATCH,POST,DELETE";
                if (http.Request.Headers.AccessControlRequestHeaders is { Count: > 0 } asked)
                    headers.AccessControlAllowHeaders = asked;
                http.Response.StatusCode = StatusCodes.Status204NoContent;
                return Task.CompletedTask;
            }
        );

    /// <summary>
    /// A refusal is an answer; anything else drops the connection, as clients try again after that, and give up after
    /// an error.
    /// </summary>
    public static IApplicationBuilder UseOdmFaults(this IApplicationBuilder app, ILogger log) =>
        app.Use(
            async (http, next) =>
            {
                try
                {
                    await next(http);
                }
                catch (RefusalException refusal) when (!http.Response.HasStarted)
                {
                    await http.RefuseAsync(refusal.Message, refusal.NoRetry);
                }
                catch (IOException fault)
                {
                    // The disk is full, or the bucket does not answer.
                    if (
                        !http.RequestAborted.IsCancellationRequested
                        && fault is not Microsoft.AspNetCore.Http.BadHttpRequestException
                    )
                        Broke(log, http.Request.Method, http.Request.Path, fault.Message);
                    http.Abort();
                }
                catch (Exception fault)
                {
                    // A client that left is no fault of ours, nor is one that finds us stopping.
                    if (!http.RequestAborted.IsCancellationRequested && fault is not OperationCanceledException)
                        Dropped(log, http.Request.Method, http.Request.Path, fault);
                    http.Abort();
                }
            }
        );

    [LoggerMessage(LogLevel.Warning, "{Method} {Path} was dropped: {Why}")]
    private static partial void Broke(ILogger log, string method, string path, string why);

    [LoggerMessage(LogLevel.Error, "{Method} {Path} was dropped")]
    private static partial void Dropped(ILogger log, string method, string path, Exception fault);
}
