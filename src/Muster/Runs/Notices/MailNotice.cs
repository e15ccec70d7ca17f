using System.Net;
using System.Net.Mail;
using System.Text;
using Muster.Shell;
using Muster.Sites.Notices;

namespace Muster.Runs.Notices;

/// <summary>A mail, by a server or by this machine's <c>sendmail</c>.</summary>
internal static class MailNotice
{
    public static async Task SendAsync(MailSettings mail, RunNotice notice, TimeSpan patience, CancellationToken ct)
    {
        var title = SafeText.OneLine(notice.Title);
        if (mail.Server is not { } server)
        {
            var subject = $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(title))}?=";
            await DesktopNotice.RunAsync(
                ["sendmail", "-i", "-f", mail.From, "--", mail.To],
                $"From: {mail.From}\nTo: {mail.To}\nSubject: {subject}\nMIME-Version: 1.0\n"
                    + $"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{Body(notice)}",
                ct
            );
            return;
        }
        using var client = new SmtpClient(server.Host, server.Port)
        {
            EnableSsl = server.Tls,
            Credentials = server.Password is { } password
                ? new NetworkCredential(server.User ?? mail.From, NoticePost.Known(password))
                : null,
        };
        using var message = new MailMessage(mail.From, mail.To, title, Body(notice));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience);
        await client.SendMailAsync(message, limit.Token);
    }

    private static string Body(RunNotice notice) => $"{notice.Title}\n{notice.Text}\n\nRun: {notice.Run.Id}\n";
}
