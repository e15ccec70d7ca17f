using System.CommandLine;
using System.Text.Json;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Gateway.Admin;

namespace Muster.Cli.Gateway;

/// <summary>The nodes behind a gateway.</summary>
internal static class NodesCommand
{
    private const string Fix = "`muster nodes list` lists them; name one by its ID or host:port.";
    private static readonly TimeSpan FirstAnswer = TimeSpan.FromSeconds(5);

    public static Command Create() =>
        new(
            "nodes",
            """
            The nodes behind a gateway: list, add, remove, lock, unlock, drain and refresh them; the machines it started.

              muster nodes add http://10.0.0.7:3000
              muster nodes drain 10.0.0.7:3000
              muster nodes list --gateway http://gateway.example:10000 --password-file pass.txt
            """
        )
        {
            List(),
            Add(),
            Act(
                "remove",
                "Remove nodes immediately; their tasks move to other nodes.",
                HttpMethod.Delete,
                "",
                "removed"
            ),
            Act("lock", "Stop assigning new tasks to nodes.", HttpMethod.Post, "/lock", "locked"),
            Act("unlock", "Resume assigning tasks to nodes.", HttpMethod.Post, "/unlock", "unlocked"),
            Act(
                "drain",
                "Stop assigning tasks to nodes, and remove them when they are idle.",
                HttpMethod.Post,
                "/drain",
                "draining"
            ),
            Act("refresh", "Query nodes now.", HttpMethod.Post, "/refresh", "looking"),
            Scale(),
            GiveBack(),
        };

    private static Command Scale()
    {
        var gone = new Option<int>("--gone")
        {
            Description = "How many machines that are gone to show.",
            HelpName = "N",
            DefaultValueFactory = _ => 5,
        };
        return AdminClient.Command(
            "scale",
            "Show the machines that sites give to the gateway, what each is doing and what they cost.",
            [gone],
            async (app, door, parsed, ct) =>
            {
                Show(
                    app,
                    await door.GetAsync(
                        $"machines?gone={Math.Max(0, parsed.GetValue(gone))}",
                        AdminJson.Plain.MachineList,
                        ct
                    )
                );
                return ExitCodes.Done;
            }
        );
    }

    private static Command GiveBack()
    {
        var which = new Argument<string[]>("MACHINE")
        {
            Description = "Machines, by ID or name.",
            Arity = ArgumentArity.OneOrMore,
        };
        return AdminClient.Command(
            "give-back",
            "Stop assigning tasks to machines, and return them to their site when they are idle.",
            [which],
            async (app, door, parsed, ct) =>
            {
                var changed = new List<MachineEntry>();
                foreach (var machine in parsed.GetValue(which)!)
                {
                    changed.AddRange(
                        (
                            await door.AskAsync(
                                HttpMethod.Delete,
                                $"machines/{Uri.EscapeDataString(machine)}",
                                AdminJson.Plain.MachineList,
                                ct,
                                "`muster nodes scale` lists them; name one by its ID or its name."
                            )
                        ).Machines
                    );
                    app.Screen.Note(changed[^1].State, changed[^1].Name, Tint.Green);
                }
                if (app.Json)
                    app.Screen.Data(
                        JsonSerializer.Serialize(
                            new MachineList(1, changed, [], new(0, 0, 0)),
                            AdminJson.Plain.MachineList
                        )
                    );
                return ExitCodes.Done;
            }
        );
    }

    private static void Show(App app, MachineList list)
    {
        if (app.Json)
        {
            app.Screen.Data(JsonSerializer.Serialize(list, AdminJson.Plain.MachineList));
            return;
        }
        var now = app.Clock.GetUtcNow();
        if (app.Screen.Quiet)
        {
            foreach (var machine in list.Machines)
                app.Screen.Data(machine.Id.ToString());
            return;
        }
        app.Screen.Table(
            ["ID", "MACHINE", "STATE", "SINCE", "COST", "WHY"],
            [
                .. list.Machines.Select(machine =>
                    (IReadOnlyList<string>)
                        [
                            machine.Id.ToString("N")[^6..],
                            machine.Name,
                            machine.State,
                            Words.Duration(now - machine.Since),
                            machine.Cost is { } cost ? $"{cost:0.00}" : "-",
                            machine.Why,
                        ]
                ),
            ]
        );
        foreach (var pool in list.Pools)
            app.Screen.Note(
                pool.Site,
                $"{pool.Ready} ready and {pool.Coming} coming, of up to {pool.Max}"
                    + (
                        pool.RestingWhy is { } why
                            ? $"; none before {pool.RestingUntil?.ToLocalTime():HH:mm:ss}: {why}"
                            : ""
                    )
                    + (pool.Hours is { } hours ? $"; machines start from {hours}" : "")
            );
        if (list.Spent is { Month: > 0 } spent)
            app.Screen.Note(
                "cost",
                $"{spent.Hour:0.00} this hour{Of(spent.HourBudget)}, {spent.Day:0.00} today{Of(spent.DayBudget)}, "
                    + $"{spent.Month:0.00} this month{Of(spent.MonthBudget)}"
            );
        if (list.Pools.Count == 0)
            app.Screen.Note("none", "no site gives machines to this gateway: start it with --scale SITE");

        static string Of(decimal? budget) => budget is { } most ? $" of {most:0.##}" : "";
    }

    private static Command List()
    {
        var command = AdminClient.Command(
            "list",
            "List the nodes, their load, and why any of them is not answering.",
            [],
            async (app, door, _, ct) =>
            {
                Show(app, await door.GetAsync("nodes", AdminJson.Plain.NodeList, ct));
                return ExitCodes.Done;
            }
        );
        command.Aliases.Add("ls");
        return command;
    }

    private static Command Add()
    {
        var url = new Argument<string>("URL")
        {
            Description = "Address, such as http://10.0.0.7:3000 or 10.0.0.7:3000.",
        };
        var token = new Option<string?>("--token-file")
        {
            Description = "File with the node's token.",
            HelpName = "FILE",
        };
        var locked = new Option<bool>("--locked")
        {
            Description = "Add it locked: it gets no tasks until it is unlocked.",
        };
        return AdminClient.Command(
            "add",
            "Add a node and check that it answers.",
            [url, token, locked],
            async (app, door, parsed, ct) =>
            {
                var body = new AddNode
                {
                    Url = parsed.GetValue(url),
                    Token = SecretFile.Read(parsed.GetValue(token)),
                    Locked = parsed.GetValue(locked),
                };
                var list = await door.PostAsync("nodes", body, AdminJson.Plain.AddNode, AdminJson.Plain.NodeList, ct);
                for (
                    var began = app.Clock.GetTimestamp();
                    list.Nodes is [{ State: "unknown" }] && app.Clock.GetElapsedTime(began) < FirstAnswer;
                    list = await door.GetAsync($"nodes/{list.Nodes[0].Id}", AdminJson.Plain.NodeList, ct)
                )
                    await Task.Delay(TimeSpan.FromMilliseconds(100), app.Clock, ct);
                var node = list.Nodes[0];
                if (node.State == "online")
                    app.Screen.Note(
                        "added",
                        $"{node.Name}, {node.Engine} {node.EngineVersion}, {Words.Count(node.Slots ?? 0, "slot")}",
                        Tint.Green
                    );
                else
                    app.Screen.Note(
                        "added",
                        $"{node.Name}, which does not answer yet{(node.Fault is { } fault ? $": {fault}" : "")}",
                        Tint.Yellow
                    );
                if (app.Json)
                    app.Screen.Data(JsonSerializer.Serialize(list, AdminJson.Plain.NodeList));
                else if (app.Screen.Quiet)
                    app.Screen.Data(node.Id);
                return ExitCodes.Done;
            }
        );
    }

    private static Command Act(string name, string description, HttpMethod method, string action, string done)
    {
        var nodes = new Argument<string[]>("NODE")
        {
            Description = "A node: its id, or host:port.",
            Arity = ArgumentArity.OneOrMore,
        };
        return AdminClient.Command(
            name,
            description,
            [nodes],
            async (app, door, parsed, ct) =>
            {
                var changed = new List<NodeEntry>();
                foreach (var node in parsed.GetValue(nodes)!)
                {
                    changed.AddRange(
                        (
                            await door.AskAsync(
                                method,
                                $"nodes/{Uri.EscapeDataString(node)}{action}",
                                AdminJson.Plain.NodeList,
                                ct,
                                Fix
                            )
                        ).Nodes
                    );
                    app.Screen.Note(done, changed[^1].Name, Tint.Green);
                }
                if (app.Json)
                    app.Screen.Data(JsonSerializer.Serialize(new NodeList(1, changed), AdminJson.Plain.NodeList));
                return ExitCodes.Done;
            }
        );
    }

    private static void Show(App app, NodeList list)
    {
        if (app.Json)
            app.Screen.Data(JsonSerializer.Serialize(list, AdminJson.Plain.NodeList));
        else if (app.Screen.Quiet)
            foreach (var node in list.Nodes)
                app.Screen.Data(node.Id);
        else
        {
            var rows = list
                .Nodes.Select(node =>
                    (IReadOnlyList<string>)
                        [
                            node.Id,
                            node.Name,
                            node.State,
                            node.Slots is { } slots ? $"{node.Tasks + node.Foreign}/{slots}" : "?",
                            node.Engine is null ? "?" : $"{node.Engine} {node.EngineVersion}",
                            node.MaxImages is > 0 and var images ? $"{images}" : "any",
                            node.TotalMemory is > 0 and var memory ? Words.Size(memory) : "?",
                            What(node),
                        ]
                )
                .ToList();
            app.Screen.Table(["ID", "NODE", "STATE", "BUSY", "ENGINE", "IMAGES", "MEMORY", "WHAT"], rows);
            if (rows.Count == 0)
                app.Screen.Note("none", "no nodes yet; add one: muster nodes add http://HOST:3000");
        }
    }

    private static string What(NodeEntry node) =>
        string.Join(
            "; ",
            new[]
            {
                node.Embedded ? "the gateway's own" : null,
                node.Draining ? "draining" : null,
                node.Locked ? "locked" : null,
                node.Fault,
            }.OfType<string>()
        );
}
