using Muster.Sites.Clouds;

namespace Muster.Sites.Notices;

/// <summary>Who is told of what happens to runs: <c>notify:</c> of the configuration.</summary>
public sealed record NoticeSettings
{
    /// <summary>Without being asked for it by a run.</summary>
    public IReadOnlyList<NoticeKind> On { get; init; } = [];

    /// <summary>A start is worth a word when the run had to wait this long.</summary>
    public TimeSpan LongWait { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A run's own host tells of its end, by what needs no program of this machine.</summary>
    public bool FromHost { get; init; }
    public bool Desktop { get; init; }
    public MailSettings? Mail { get; init; }
    public Secret? Webhook { get; init; }
    public Secret? Slack { get; init; }
    public NtfySettings? Ntfy { get; init; }
    public MatrixSettings? Matrix { get; init; }

    public bool HasChannel =>
        Desktop
        || Mail is not null
        || Webhook is not null
        || Slack is not null
        || Ntfy is not null
        || Matrix is not null;
}

/// <summary>What a person is told of.</summary>
public enum NoticeKind
{
    /// <summary>A run has ended well or was cancelled.</summary>
    End,

    /// <summary>A run has ended in any other way.</summary>
    Failure,

    /// <summary>A run has begun, after a long wait.</summary>
    Start,
}

/// <summary>Who sends what is to be told.</summary>
public enum NoticeSender
{
    /// <summary>The command that sees it first.</summary>
    Command,

    /// <summary>The run's host at its end, and a command what the host could not.</summary>
    Host,
}

/// <summary>By SMTP where there is a server, else by <c>sendmail</c>.</summary>
public sealed record MailSettings(string To, string From, MailServer? Server);

public sealed record MailServer(string Host, int Port, bool Tls, string? User, Secret? Password);

/// <param name="Topic">The whole address, such as <c>https://ntfy.sh/my-runs</c>: who knows it can read it.</param>
public sealed record NtfySettings(Secret Topic, Secret? Token);

public sealed record MatrixSettings(Uri Server, string Room, Secret Token);
