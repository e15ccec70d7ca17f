using Muster.Configuration;
using Muster.Sites.Clouds;
using Muster.Sites.Notices;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>The shapes below <c>notify:</c>: who is told of what happens to runs.</summary>
internal static class NoticeReader
{
    private static readonly ConfigShape<TimeSpan> Time = ConfigShape.Parsed<TimeSpan>(
        "a time such as 90s, 15m or 2h",
        text => (Durations.TryParse(text, out var time), time),
        writer => writer.WriteString("type", "string")
    );
    private static readonly ConfigShape<string> Address = ConfigShape.Words(
        "a mail address",
        text => text.Count(c => c == '@') == 1 && !text.Any(c => char.IsWhiteSpace(c) || c is ',' or ';' or '<')
    );
    private static readonly ConfigShape<Uri> Server = ConfigShape.Parsed<Uri>(
        "an address such as https://matrix.org",
        text =>
            (
                Uri.TryCreate(text, UriKind.Absolute, out var address)
                    && address.Scheme is "http" or "https"
                    && address.UserInfo.Length == 0,
                address!
            ),
        writer => writer.WriteString("type", "string")
    );

    private static readonly ConfigKey<IReadOnlyList<NoticeKind>> On = new(
        "on",
        ConfigShape.List(ConfigShape.Choice<NoticeKind>()),
        "what to tell of every run: end, failure, start (after a long wait)"
    );
    private static readonly ConfigKey<TimeSpan> LongWait = new("long-wait", Time, "a wait that makes a start news");
    private static readonly ConfigKey<NoticeSender> Sender = new(
        "from",
        ConfigShape.Choice<NoticeSender>(),
        "who sends it: the command that sees it first, or the run's host at its end"
    );
    private static readonly ConfigKey<bool> Desktop = new("desktop", ConfigShape.Flag, "a notice on this desktop");
    private static readonly ConfigKey<string> To = new("to", Address, "who gets it");
    private static readonly ConfigKey<string> From = new("from", Address, "who sends it; by default the same");
    private static readonly ConfigKey<string> Smtp = new(
        "smtp",
        ConfigShape.Words("a server, as HOST or HOST:PORT", text => HostAndPort(text) is not null),
        "the server that takes it; without one, sendmail does"
    );
    private static readonly ConfigKey<bool> Tls = new(
        "tls",
        ConfigShape.Flag,
        "whether the server is spoken to by TLS"
    );
    private static readonly ConfigKey<string> User = new("user", ConfigShape.Text, "who signs in at the server");
    private static readonly ConfigKey<Secret> Password = new("password", CloudShapes.Secret, "the password for it");
    private static readonly ConfigKey[] MailKeys = [To, From, Smtp, Tls, User, Password];
    private static readonly ConfigKey<MailSettings> Mail = new(
        "mail",
        ConfigShape.Part("mail", MailKeys, MailOf),
        "a mail"
    );
    private static readonly ConfigKey<Secret> Webhook = new(
        "webhook",
        CloudShapes.Secret,
        "an address that gets it as JSON"
    );
    private static readonly ConfigKey<Secret> Slack = new(
        "slack",
        CloudShapes.Secret,
        "the address of a Slack webhook"
    );
    private static readonly ConfigKey<Secret> Topic = new(
        "topic",
        CloudShapes.Secret,
        "the topic's whole address, such as https://ntfy.sh/my-runs"
    );
    private static readonly ConfigKey<Secret> Token = new("token", CloudShapes.Secret, "the access token");
    private static readonly ConfigKey[] NtfyKeys = [Topic, Token];
    private static readonly ConfigKey<NtfySettings> Ntfy = new(
        "ntfy",
        ConfigShape.Part("ntfy", NtfyKeys, NtfyOf),
        "a message on an ntfy topic"
    );
    private static readonly ConfigKey<Uri> MatrixServer = new("server", Server, "the homeserver");
    private static readonly ConfigKey<string> Room = new(
        "room",
        ConfigShape.Words("a room's id such as !abc:matrix.org", text => text[0] == '!'),
        "the room's id"
    );
    private static readonly ConfigKey[] MatrixKeys = [MatrixServer, Room, Token];
    private static readonly ConfigKey<MatrixSettings> Matrix = new(
        "matrix",
        ConfigShape.Part("matrix", MatrixKeys, MatrixOf),
        "a message in a Matrix room"
    );
    private static readonly ConfigKey[] Keys = [On, LongWait, Sender, Desktop, Mail, Webhook, Slack, Ntfy, Matrix];

    public static readonly ConfigShape<NoticeSettings> Shape = ConfigShape.Part("notify", Keys, SettingsOf);

    /// <summary>A value that is never shown.</summary>
    /// <param name="path">Such as <c>notify.slack</c>.</param>
    public static bool IsSecretPath(string path) =>
        path
            is "notify.webhook"
                or "notify.slack"
                or "notify.mail.password"
                or "notify.ntfy.topic"
                or "notify.ntfy.token"
                or "notify.matrix.token";

    private static NoticeSettings SettingsOf(ConfigSection section, YamlNode node, ConfigFile file)
    {
        var usual = new NoticeSettings();
        var fromHost = section.Get(Sender, NoticeSender.Command) is NoticeSender.Host;
        if (fromHost && !section.Has(Webhook) && !section.Has(Slack) && !section.Has(Ntfy) && !section.Has(Matrix))
            file.Mistake(
                section.NodeOf(Sender),
                "a host can send to a webhook, slack, ntfy or matrix; name one of them"
            );
        return new()
        {
            On = section.Get(On, []),
            FromHost = fromHost,
            LongWait = section.Get(LongWait, usual.LongWait),
            Desktop = section.Get(Desktop, false),
            Mail = Part(section, Mail),
            Webhook = Part(section, Webhook),
            Slack = Part(section, Slack),
            Ntfy = Part(section, Ntfy),
            Matrix = Part(section, Matrix),
        };
    }

    private static MailSettings? MailOf(ConfigSection section, YamlNode node, ConfigFile file)
    {
        if (Needs(section, node, file, "mail", To))
            return null;
        MailServer? server = null;
        if (section.Has(Smtp))
        {
            var (host, port) = HostAndPort(section.Get(Smtp, ""))!.Value;
            server = new(host, port, section.Get(Tls, true), Part(section, User), Part(section, Password));
            if (server is { Tls: false, Password: not null } && !IsHere(host))
            {
                file.Mistake(section.NodeOf(Tls), $"a password would go to {host} in the clear: leave `tls` out");
                return null;
            }
        }
        return new(section.Get(To, ""), section.Get(From, section.Get(To, "")), server);
    }

    private static bool IsHere(string host) => host is "localhost" or "127.0.0.1" or "::1";

    private static NtfySettings? NtfyOf(ConfigSection section, YamlNode node, ConfigFile file) =>
        Needs(section, node, file, "ntfy", Topic) ? null : new(section.Get(Topic, null!), Part(section, Token));

    private static MatrixSettings? MatrixOf(ConfigSection section, YamlNode node, ConfigFile file) =>
        Needs(section, node, file, "matrix", MatrixServer, Room, Token)
            ? null
            : new(section.Get(MatrixServer, null!), section.Get(Room, ""), section.Get(Token, null!));

    private static bool Needs(
        ConfigSection section,
        YamlNode node,
        ConfigFile file,
        string what,
        params ConfigKey[] keys
    )
    {
        var missing = keys.Where(key => !section.Has(key)).Select(key => $"`{key.Name}`").ToList();
        if (missing.Count > 0)
            file.Mistake(node, $"{what} needs {string.Join(" and ", missing)}");
        return missing.Count > 0;
    }

    private static T? Part<T>(ConfigSection section, ConfigKey<T> key)
        where T : class => section.Has(key) ? section.Get(key, null!) : null;

    private static (string Host, int Port)? HostAndPort(string text) =>
        Uri.TryCreate($"smtp://{text}", UriKind.Absolute, out var address)
        && address.UserInfo.Length == 0
        && address.AbsolutePath is "" or "/"
        && address.Host.Length > 0
            ? (address.Host.Trim('[', ']'), address.Port > 0 ? address.Port : 587)
            : null;
}
