using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Runs;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.NodeOdm;
using Muster.NodeOdm.HandIn;
using Muster.Sites.Reading;

namespace Muster.Cli.Gateway;

internal static class TasksSubmitCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Argument<string[]> Paths = new("PATHS")
    {
        Description = "Folder with photos, or photos and their accompanying files.",
        HelpName = "DIR|FILE",
        Arity = ArgumentArity.OneOrMore,
    };
    private static readonly Option<string> Server = new("--server", "--node")
    {
        Description = "Server: a gateway's client address, or any NodeODM node.",
        HelpName = "URL",
        DefaultValueFactory = _ => "http://127.0.0.1:3000",
    };
    private static readonly Option<string?> TokenFile = new("--token-file")
    {
        Description = "File with the server's token (default: $MUSTER_TOKEN).",
        HelpName = "FILE",
    };
    private static readonly Option<string[]> Options = new("--options", "-o")
    {
        Description = "Option of the server's engine; checked before anything is sent.",
        HelpName = "NAME=VALUE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private static readonly Option<string?> Name = new("--name", "-n")
    {
        Description = "Name of the task (default: the folder's name).",
        HelpName = "NAME",
    };
    private static readonly Option<string?> To = new("--to")
    {
        Description = "Folder for the results (default: ./muster-out/NAME).",
        HelpName = "FOLDER",
    };
    private static readonly Option<bool> NoFetch = new("--no-fetch") { Description = "Do not download the results." };
    private static readonly Option<bool> Detach = new("--detach", "-d")
    {
        Description = "Return without following the task; run the same command without it to follow.",
    };
    private static readonly Option<bool> New = new("--new")
    {
        Description = "Start over, even if an earlier command can be resumed.",
    };
    private static readonly Option<OnInterrupt> OnInterruption = CtrlC.Option();

    public static Command Create()
    {
        var command = new Command(
            "submit",
            """
            Hand photos in as a task, follow it, and bring its results home.

              muster tasks submit photos/
              muster tasks submit photos/ --server http://gateway:3000 -o dsm=true -o orthophoto-resolution=2 --name north
              muster tasks submit *.jpg gcp_list.txt --detach

            Broken off, whatever broke it, run the same command to resume.
            """
        )
        {
            Paths,
            Server,
            TokenFile,
            Options,
            Name,
            To,
            NoFetch,
            Detach,
            New,
            OnInterruption,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var app = parsed.App();
        var paths = parsed.GetValue(Paths)!;
        var source = SourceFiles.Of(paths);
        var (url, token) = NodeAddress.Parse(parsed.GetValue(Server)!);
        token =
            SecretFile.Read(parsed.GetValue(TokenFile))
            ?? (token.Length > 0 ? token : Environment.GetEnvironmentVariable("MUSTER_TOKEN") ?? "");
        using var connections = NodeOdmClient.Connections();
        var client = new NodeOdmClient(connections, url, token.Length > 0 ? token : null, Patience, app.Clock)
        {
            DownloadsFromElsewhere = true,
        };
        var name =
            parsed.GetValue(Name)
            ?? Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(Path.GetFullPath(paths[0])));
        var options = await CheckedAsync(client, source, parsed.GetValue(Options) ?? [], ct);

        using var journal = HandInJournal.Open(
            Path.Combine(app.Folders.State, "tasks"),
            source.Key(url.ToString(), name, options),
            app.Clock
        );
        if (parsed.GetValue(New))
            journal.BeginAnew();
        var teller = new TaskTeller(app.Screen, app.Json);
        var handIn = new TaskHandIn(
            client,
            journal,
            source,
            new() { Name = name, Options = options },
            teller.Tell,
            app.Clock
        );
        using var ctrlC = new CtrlC(app, parsed.GetValue(OnInterruption));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        teller.Begin(name, source, client.Name);
        if (!await ctrlC.EndsAsync(handIn.SendAsync(stop.Token), stop))
        {
            app.Screen.Note("interrupted", "run the same command to resume", Tint.Yellow);
            return ExitCodes.Interrupted;
        }
        if (app.Screen.Quiet && !app.Json)
            app.Screen.Data(journal.Task);
        if (parsed.GetValue(Detach))
        {
            if (!app.Json)
                app.Screen.Note(
                    "detached",
                    "run the same command without --detach to follow it and download its results"
                );
            return ExitCodes.Done;
        }
        var follow = new TaskFollow(client, journal.Task, teller.Tell, app.Clock);
        var what = new Followed(
            $"{journal.Task} is at {client.Name}",
            () => follow.CancelAsync(CancellationToken.None),
            journal.Task,
            $"{journal.Task} continues on {client.Name}; run the same command to follow it"
        );
        var following = follow.UntilEndAsync(stop.Token);
        if (await ctrlC.FollowAsync(following, what, stop) is { } code)
            return code;
        var ended = await following;
        if (ended.Status.Code == TaskCode.Completed && !parsed.GetValue(NoFetch))
        {
            var folder = Path.GetFullPath(
                parsed.GetValue(To) ?? Path.Combine("muster-out", UploadName.Of(name) ?? journal.Task)
            );
            var report = await FetchAsync(follow, journal.Task, folder, ct);
            if (parsed.GetValue(To) is null)
                FetchCommand.KeepOutOfGit(Path.GetDirectoryName(folder)!);
            teller.Fetched(journal.Task, folder, report);
        }
        journal.Forget();
        return ended.Status.Code switch
        {
            TaskCode.Completed => ExitCodes.Done,
            TaskCode.Canceled => ExitCodes.Interrupted,
            _ => ExitCodes.Fault,
        };
    }

    /// <summary>What can be known to be in vain is, before anything is sent.</summary>
    private static async Task<string> CheckedAsync(
        NodeOdmClient client,
        SourceFiles source,
        IReadOnlyList<string> asked,
        CancellationToken ct
    )
    {
        var asking = new PatientAsking(client.Name, _ => { }, TimeProvider.System);
        var info = asking.Said(await client.InfoAsync(ct));
        if (info.MaxImages is > 0 and var most && source.Images > most)
            throw new UserException(
                $"{source.Images} photos, but {client.Name} accepts at most {most} per task",
                "Submit fewer, or split them into several tasks."
            );
        return AskedOptions.Read(asked, asking.Said(await client.OptionsAsync(ct)));
    }

    private static async Task<ResultReport> FetchAsync(
        TaskFollow follow,
        string task,
        string folder,
        CancellationToken ct
    )
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, ".muster-archive.part");
        try
        {
            await using (var archive = new FileStream(path, FileMode.Create, FileAccess.ReadWrite))
                await follow.DownloadAsync(archive, ct);
            return await TaskResults.UnpackAsync(path, task, folder, ct);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
