using Amazon.EC2.Model;

namespace Muster.Sites.Clouds.Aws;

/// <summary>Instances of EC2 as machines.</summary>
internal static class AwsMachines
{
    /// <summary>
    /// All states but <c>terminated</c>, in which an instance is shown for about an hour after its end.
    /// </summary>
    public static readonly List<string> Alive = ["pending", "running", "shutting-down", "stopping", "stopped"];

    public static bool IsGone(Instance instance) => instance.State?.Name?.Value is "terminated";

    public static CloudMachine Of(Instance instance, string place)
    {
        var tags = (instance.Tags ?? []).Select(tag => KeyValuePair.Create(tag.Key, tag.Value ?? "")).ToList();
        var marks = CloudMarks.OfLabels(tags);
        var word = instance.State?.Name?.Value ?? "";
        return new()
        {
            Id = instance.InstanceId,
            Name = tags.Find(tag => tag.Key == "Name").Value ?? "",
            Place = place,
            Type = instance.InstanceType?.Value ?? "",
            State = StateOf(word),
            // The reason tells a spot instance that was taken back from one whose lease ended.
            Word = instance.StateReason?.Code is { Length: > 0 } reason ? $"{word} ({reason})" : word,
            Created = instance.LaunchTime is { } launched
                ? new DateTimeOffset(DateTime.SpecifyKind(launched.ToUniversalTime(), DateTimeKind.Utc))
                : null,
            PublicAddress = NotEmpty(instance.PublicIpAddress),
            PrivateAddress = NotEmpty(instance.PrivateIpAddress),
            Fleet = marks.Fleet,
            Order = marks.Order,
            Until = marks.Until,
            Parts =
            [
                .. (instance.BlockDeviceMappings ?? [])
                    .Where(mapping => mapping.Ebs?.VolumeId is { Length: > 0 })
                    .Select(mapping => new CloudPart("volume", mapping.Ebs.VolumeId, place)),
            ],
        };
    }

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static CloudState StateOf(string word) =>
        word switch
        {
            "pending" => CloudState.Starting,
            "running" => CloudState.Running,
            "shutting-down" => CloudState.Deleting,
            "stopping" => CloudState.Stopping,
            "stopped" => CloudState.Stopped,
            _ => CloudState.Unclear,
        };
}
