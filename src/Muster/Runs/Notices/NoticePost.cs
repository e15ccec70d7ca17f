using Muster.Faults;
using Muster.Sites.Clouds;
using Muster.Sites.Notices;

namespace Muster.Runs.Notices;

/// <summary>Where a notice is sent over HTTP, with the secrets that this takes.</summary>
/// <param name="Topic">Of ntfy, which gets it in the body.</param>
internal sealed record NoticePost(string Way, string Method, Uri Address, string? Token = null, string? Topic = null)
{
    /// <summary>
    /// The ways that need no program of this machine. What is wrong with one is told by its own call.
    /// </summary>
    public static IEnumerable<(string Way, Func<RunId, string, NoticePost> For)> Of(NoticeSettings settings)
    {
        if (settings.Webhook is { } webhook)
            yield return ("webhook", (_, _) => new("webhook", "POST", AddressIn(webhook)));
        if (settings.Slack is { } slack)
            yield return ("slack", (_, _) => new("slack", "POST", AddressIn(slack)));
        if (settings.Ntfy is { } ntfy)
            yield return ("ntfy", (_, _) => OfNtfy(ntfy));
        if (settings.Matrix is { } matrix)
            yield return ("matrix", (run, @event) => OfMatrix(matrix, run, @event));
    }

    private static NoticePost OfNtfy(NtfySettings ntfy)
    {
        var topic = AddressIn(ntfy.Topic);
        var name = topic.AbsolutePath.Trim('/');
        if (name.Length == 0 || name.Contains('/'))
            throw new UserException("the topic is not an address such as https://ntfy.sh/my-runs", "Correct it.");
        return new(
            "ntfy",
            "POST",
            new(topic, "/"),
            ntfy.Token is { } token ? Known(token) : null,
            Uri.UnescapeDataString(name)
        );
    }

    // The server takes the same name of a message for the same message.
    private static NoticePost OfMatrix(MatrixSettings matrix, RunId run, string @event) =>
        new(
            "matrix",
            "PUT",
            new(
                matrix.Server,
                $"/_matrix/client/v3/rooms/{Uri.EscapeDataString(matrix.Room)}/send/m.room.message/"
                    + $"muster-{run}-{@event}"
            ),
            Known(matrix.Token)
        );

    private static Uri AddressIn(Secret secret) =>
        Uri.TryCreate(Known(secret), UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new UserException($"the address {secret} is not one of http or https", "Correct it.");

    internal static string Known(Secret secret) =>
        secret.IsMissing
            ? throw new UserException($"{secret.Source} is not set", $"Set {secret.Source}.")
            : secret.Reveal();
}
