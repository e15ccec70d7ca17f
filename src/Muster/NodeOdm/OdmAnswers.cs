using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Muster.NodeOdm;

/// <summary>
/// Answers of routes. They are sent with their length, byte for byte as <see cref="OdmEndpoints"/> sends them; the
/// framework's own results would send JSON in chunks.
/// </summary>
internal static class OdmAnswers
{
    public static JsonAnswer<T> Json<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) =>
        new(value, type, status);

    public static JsonAnswer<ErrorAnswer> Refusal(string error) => Json(new(error), OdmJson.Wire.ErrorAnswer);
}

internal sealed class JsonAnswer<T>(T value, JsonTypeInfo<T> type, int status) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => httpContext.AnswerAsync(value, type, status);
}

/// <summary>A list of lines, between what stands before and behind it.</summary>
internal sealed class LinesAnswer(ReadOnlyMemory<byte> before, IEnumerable<string> lines, ReadOnlyMemory<byte> behind)
    : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => httpContext.AnswerLinesAsync(before, lines, behind);
}

internal sealed class FileAnswer(string path, string name, string mediaType) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => httpContext.SendFileAsync(path, name, mediaType);
}
