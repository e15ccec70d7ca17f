using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Muster.Shell;

namespace Muster.Cli.Terminal;

/// <summary>
/// The log of a server, as lines on standard error: time, level, text, or the same as JSON with each parameter. Only
/// what failed tells its whole story.
/// </summary>
internal sealed class NoteLog(Screen screen, LogLevel least, bool json = false) : ILoggerFactory, ILogger
{
    public static LogLevel LevelOf(string? name) =>
        name?.ToLowerInvariant() switch
        {
            "error" => LogLevel.Error,
            "warn" or "warning" => LogLevel.Warning,
            "debug" or "verbose" or "silly" => LogLevel.Debug,
            _ => LogLevel.Information,
        };

    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith("Microsoft.", StringComparison.Ordinal)
            ? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance
            : this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least && least != LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (!IsEnabled(logLevel))
            return;
        if (json)
            screen.Say(Json(logLevel, state, exception, formatter(state, exception)));
        else
            screen.Say(
                $"{TimeProvider.System.GetUtcNow().UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} "
                    + $"{logLevel.ToString().ToLowerInvariant(), -11} "
                    + $"{SafeText.OneLine(formatter(state, exception))}{(exception is null ? "" : $": {exception}")}"
            );
    }

    private static string Json<TState>(LogLevel level, TState state, Exception? exception, string text)
    {
        using var bytes = new MemoryStream();
        using (var line = new Utf8JsonWriter(bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            line.WriteStartObject();
            line.WriteString("time", TimeProvider.System.GetUtcNow().UtcDateTime);
            line.WriteString("level", level.ToString().ToLowerInvariant());
            line.WriteString("text", text);
            foreach (var (name, value) in state as IReadOnlyList<KeyValuePair<string, object?>> ?? [])
            {
                if (name == "{OriginalFormat}" || value is null)
                    continue;
                line.WritePropertyName(JsonNamingPolicy.SnakeCaseLower.ConvertName(name));
                if (value is int or long)
                    line.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                else
                    line.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
            }
            if (exception is not null)
                line.WriteString("exception", exception.ToString());
            line.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void AddProvider(ILoggerProvider provider) { }

    public void Dispose() { }
}
