using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Muster.Sites.Notices;
using Muster.Sites.Schedulers;

namespace Muster.Runs.Notices;

/// <summary>Notices as a real web server and a real mail server get them.</summary>
public sealed class NotifierTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-notify-");
    private readonly RunStore _store;
    private readonly DateTimeOffset _now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public NotifierTests() => _store = new(Path.Combine(_folder.FullName, "runs.db"));

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task An_end_is_told_once_however_many_see_it()
    {
        using var web = new WebServer(200);
        var run = _store.Add(Ended(1, notify: true));
        var settings = new NoticeSettings { Webhook = new($"{web.Url}secret-path", "HOOK") };

        var problems = await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(async _ =>
                {
                    using var notifier = Open(settings);
                    return await notifier.TellAsync(run, TestContext.Current.CancellationToken);
                })
        );

        Assert.All(problems, Assert.Empty);
        var (path, _, body) = Assert.Single(web.Got);
        Assert.Equal("POST /secret-path", path);
        var said = JsonDocument.Parse(body).RootElement;
        Assert.Equal("ended", said.GetProperty("event").GetString());
        Assert.Equal("x failed with code 1", said.GetProperty("title").GetString());
        Assert.Equal(1, said.GetProperty("run").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Slack_ntfy_and_matrix_get_what_they_understand()
    {
        using var web = new WebServer(200);
        using var notifier = Open(
            new()
            {
                Slack = new($"{web.Url}services/T/B", "SLACK"),
                Ntfy = new(new($"{web.Url}my-runs", "TOPIC"), new("ntfy-token", "NTFY")),
                Matrix = new(new(web.Url), "!room:here", new("matrix-token", "MATRIX")),
            }
        );

        Assert.Empty(
            await notifier.TellAsync(_store.Add(Ended(0, notify: true)), TestContext.Current.CancellationToken)
        );

        var got = web.Got.OrderBy(one => one.Path, StringComparer.Ordinal).ToList();
        Assert.Equal(["POST /", "POST /services/T/B", got[2].Path], [.. got.Select(one => one.Path)]);
        Assert.Equal("Bearer ntfy-token", got[0].Authorization);
        Assert.Equal("my-runs", JsonDocument.Parse(got[0].Body).RootElement.GetProperty("topic").GetString());
        Assert.Null(got[1].Authorization);
        Assert.StartsWith(
            "x succeeded: on s",
            JsonDocument.Parse(got[1].Body).RootElement.GetProperty("text").GetString(),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "PUT /_matrix/client/v3/rooms/%21room%3Ahere/send/m.room.message/muster-",
            got[2].Path,
            StringComparison.Ordinal
        );
        Assert.Equal("Bearer matrix-token", got[2].Authorization);
        Assert.Equal("m.text", JsonDocument.Parse(got[2].Body).RootElement.GetProperty("msgtype").GetString());
    }

    [Fact]
    public async Task What_goes_wrong_is_told_without_the_secret()
    {
        using var web = new WebServer(403);
        using var notifier = Open(
            new()
            {
                Webhook = new($"{web.Url}very-secret", "HOOK"),
                Slack = new("not an address: hush", "SLACK"),
                Ntfy = new(new("", "TOPIC"), null),
            }
        );

        var problems = await notifier.TellAsync(
            _store.Add(Ended(0, notify: true)),
            TestContext.Current.CancellationToken
        );

        Assert.Equal(
            [
                "notify by webhook: 127.0.0.1 answered 403",
                "notify by slack: the address (from SLACK) is not one of http or https",
                "notify by ntfy: TOPIC is not set",
            ],
            problems
        );
    }

    [Fact]
    public async Task A_mail_server_gets_a_mail_and_the_password_alone_signs_in()
    {
        using var mail = new MailServerStandIn();
        using var notifier = Open(
            new()
            {
                Mail = new("me@here", "muster@here", new("127.0.0.1", mail.Port, false, "me", new("pass word", "PW"))),
            }
        );

        Assert.Empty(
            await notifier.TellAsync(_store.Add(Ended(3, notify: true)), TestContext.Current.CancellationToken)
        );

        var said = await mail.Said;
        Assert.Contains("RCPT TO:<me@here>", said, StringComparison.Ordinal);
        Assert.Contains(Convert.ToBase64String("pass word"u8), said, StringComparison.Ordinal);
        Assert.Contains("Subject: x failed with code 3", said, StringComparison.Ordinal);
        Assert.Contains("Run: ", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_what_was_asked_for_is_due()
    {
        var all = new NoticeSettings { On = [NoticeKind.End, NoticeKind.Failure, NoticeKind.Start] };
        var failures = new NoticeSettings { On = [NoticeKind.Failure] };
        Assert.Null(RunNotice.Due(Ended(0, notify: false), failures));
        Assert.NotNull(RunNotice.Due(Ended(0, notify: true), failures));
        Assert.NotNull(RunNotice.Due(Ended(1, notify: false), failures));
        Assert.Null(RunNotice.Due(Ended(1, notify: false) with { Told = ["ended"] }, failures));

        Run Begun(int minutes) =>
            Ended(0, notify: false) with
            {
                State = new RunState.Running(new("1"), "n", _now + TimeSpan.FromMinutes(minutes)),
            };
        Assert.Null(RunNotice.Due(Begun(9), all));
        Assert.Equal("x has started", RunNotice.Due(Begun(10), all)?.Title);
        Assert.Null(RunNotice.Due(Begun(10), failures));
    }

    private Notifier Open(NoticeSettings settings) =>
        new(
            _store,
            settings,
            TimeProvider.System,
            (_, _) => throw new InvalidOperationException("nobody else was to tell it")
        );

    private Run Ended(int code, bool notify) =>
        new()
        {
            Plan = new()
            {
                Id = RunId.New(TimeProvider.System),
                Name = "x",
                Site = "s",
                Command = ["true"],
                WorkingFolder = "/",
                Notify = notify,
            },
            Created = _now,
            State = new RunState.Ended(
                code == 0 ? Outcome.Succeeded : Outcome.Failed,
                code,
                _now,
                new("exit record", "exited")
            ),
        };

    /// <summary>As much of a mail server as takes one mail.</summary>
    private sealed class MailServerStandIn : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public MailServerStandIn()
        {
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            Said = ServeAsync();
        }

        public int Port { get; }
        public Task<string> Said { get; }

        public void Dispose() => _listener.Stop();

        private async Task<string> ServeAsync()
        {
            using var client = await _listener.AcceptTcpClientAsync();
            using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
            await using var writer = new StreamWriter(client.GetStream(), new UTF8Encoding(false))
            {
                NewLine = "\r\n",
                AutoFlush = true,
            };
            var said = new StringBuilder();
            var inData = false;
            await writer.WriteLineAsync("220 here");
            while (await reader.ReadLineAsync() is { } line)
            {
                said.AppendLine(line);
                if (inData && line != ".")
                    continue;
                var isEnd = inData;
                inData = !inData && line == "DATA";
                await writer.WriteLineAsync(
                    isEnd ? "250 taken"
                    : inData ? "354 go on"
                    : line.StartsWith("EHLO", StringComparison.Ordinal) ? "250-here\r\n250 AUTH LOGIN"
                    : line.StartsWith("AUTH", StringComparison.Ordinal) ? "334 UGFzc3dvcmQ6"
                    : line.StartsWith("MAIL", StringComparison.Ordinal)
                    || line.StartsWith("RCPT", StringComparison.Ordinal)
                        ? "250 ok"
                    : line == "QUIT" ? "221 bye"
                    : "235 known"
                );
                if (line == "QUIT")
                    break;
            }
            return said.ToString();
        }
    }
}
