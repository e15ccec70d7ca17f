using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Gateway.Admin;
using Muster.Sites;

namespace Muster.Cli.Gateway;

/// <summary>The tokens that open a gateway to its clients.</summary>
internal static class TokensCommand
{
    public static Command Create() =>
        new(
            "tokens",
            """
            The tokens that open a gateway to its clients: list, make and revoke them.

              muster tokens new survey-team --expires 30d --max-tasks 4
              muster tokens revoke 9f86d081

            Each token sees its own tasks alone. While there is none, and none is configured, anybody who reaches the gateway may use it.
            """
        )
        {
            List(),
            New(),
            Revoke(),
        };

    private static Command List()
    {
        var command = AdminClient.Command(
            "list",
            "List tokens. The tokens themselves are not stored.",
            [],
            async (app, door, _, ct) =>
            {
                var list = await door.GetAsync("tokens", AdminJson.Plain.TokenList, ct);
                if (app.Json)
                    app.Screen.Data(JsonSerializer.Serialize(list, AdminJson.Plain.TokenList));
                else if (app.Screen.Quiet)
                    foreach (var token in list.Tokens)
                        app.Screen.Data(token.Id);
                else
                {
                    var now = app.Clock.GetUtcNow();
                    var rows = list
                        .Tokens.Select(token =>
                            (IReadOnlyList<string>)
                                [
                                    token.Id,
                                    token.Name,
                                    Words.Duration(now - token.Created),
                                    token.Expires is { } end
                                        ? end <= now
                                            ? "is over"
                                            : $"in {Words.Duration(end - now)}"
                                        : "never",
                                    $"{token.MaxImages?.ToString() ?? "any"}",
                                    $"{token.MaxConcurrentTasks?.ToString() ?? "any"}",
                                ]
                        )
                        .ToList();
                    app.Screen.Table(["ID", "NAME", "AGE", "EXPIRES", "IMAGES", "TASKS"], rows);
                    if (list.Open)
                        app.Screen.Note(
                            "open",
                            "the gateway requires no token; to create one: muster tokens new NAME",
                            Tint.Yellow
                        );
                }
                return ExitCodes.Done;
            }
        );
        command.Aliases.Add("ls");
        return command;
    }

    private static Command New()
    {
        var name = new Argument<string>("NAME") { Description = "Name, for example of its user." };
        var expires = new Option<string?>("--expires")
        {
            Description = "Expiry, such as 12h or 30d (default: never).",
            HelpName = "TIME",
        };
        var images = new Option<int?>("--max-images") { Description = "Maximum images per task.", HelpName = "N" };
        var tasks = new Option<int?>("--max-tasks")
        {
            Description = "Maximum tasks running at once; others wait.",
            HelpName = "N",
        };
        return AdminClient.Command(
            "new",
            "Create a token and print it. It is shown only once.",
            [name, expires, images, tasks],
            async (app, door, parsed, ct) =>
            {
                TimeSpan? time =
                    parsed.GetValue(expires) is not { } text ? null
                    : Durations.TryParse(text, out var known) ? known
                    : throw UserException.Misuse($"--expires is '{text}'", "Examples: 12h, 30d");
                var wasOpen = (await door.GetAsync("tokens", AdminJson.Plain.TokenList, ct)).Open;
                var made = await door.PostAsync(
                    "tokens",
                    new AddToken
                    {
                        Name = parsed.GetValue(name),
                        Days = time?.TotalDays,
                        MaxImages = parsed.GetValue(images),
                        MaxConcurrentTasks = parsed.GetValue(tasks),
                    },
                    AdminJson.Plain.AddToken,
                    AdminJson.Plain.MadeToken,
                    ct
                );
                app.Screen.Data(app.Json ? JsonSerializer.Serialize(made, AdminJson.Plain.MadeToken) : made.Text);
                app.Screen.Note(
                    "made",
                    $"{made.Token.Id} for {made.Token.Name}; keep the token above: it is shown only once",
                    Tint.Green
                );
                if (wasOpen)
                    app.Screen.Note(
                        "closed",
                        "clients now need a token; earlier tasks belong to no token and are visible only here",
                        Tint.Yellow
                    );
                return ExitCodes.Done;
            }
        );
    }

    private static Command Revoke()
    {
        var ids = new Argument<string[]>("ID") { Description = "A token's id.", Arity = ArgumentArity.OneOrMore };
        return AdminClient.Command(
            "revoke",
            "Revoke tokens immediately. Their tasks are kept.",
            [ids],
            async (app, door, parsed, ct) =>
            {
                foreach (var id in parsed.GetValue(ids)!)
                {
                    await door.AskAsync(
                        HttpMethod.Delete,
                        $"tokens/{Uri.EscapeDataString(id)}",
                        AdminJson.Plain.Done,
                        ct,
                        "`muster tokens list` shows their IDs."
                    );
                    app.Screen.Note("revoked", id, Tint.Green);
                }
                if (app.Json)
                    app.Screen.Data(JsonSerializer.Serialize(new Done(true), AdminJson.Plain.Done));
                return ExitCodes.Done;
            }
        );
    }
}
