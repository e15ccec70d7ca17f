using System.Text.Json.Serialization;

namespace Muster.Runs.Notices;

/// <summary>What a webhook gets.</summary>
internal sealed record NoticeView(int Schema, string Event, string Title, string Text, NoticeRunView Run)
{
    public static NoticeView Of(RunNotice notice)
    {
        var (run, end) = (notice.Run, notice.Run.State as RunState.Ended);
        return new(
            1,
            notice.Event,
            notice.Title,
            notice.Text,
            new(
                run.Id.ToString(),
                run.Plan.Name,
                run.Plan.Site,
                end is null ? run.State.Word : "ended",
                end?.Word,
                end?.Code
            )
        );
    }
}

internal sealed record NoticeRunView(string Id, string Name, string Site, string State, string? Outcome, int? Code);

internal sealed record SlackView(string Text);

internal sealed record NtfyView(string Topic, string Title, string Message);

internal sealed record MatrixView(string Msgtype, string Body);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(NoticeView))]
[JsonSerializable(typeof(SlackView))]
[JsonSerializable(typeof(NtfyView))]
[JsonSerializable(typeof(MatrixView))]
internal sealed partial class NoticeJson : JsonSerializerContext;
