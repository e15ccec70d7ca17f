using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Muster.Gateway.Admin;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.Gateway.Placing;
using Muster.Gateway.Scaling;
using Muster.Gateway.Tasks;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;
using Muster.Shell;

namespace Muster.Gateway.Console;

/// <summary>
/// What the console answers. Its words and forms are ClusterODM's; NODE DRAIN, TASK RESTART, TASK WHY, QUEUE and TOKEN
/// are new. No answer shows a token that is kept.
/// </summary>
internal sealed class ConsoleCommands(
    NodeFleet fleet,
    TaskLedger tasks,
    TaskActions actions,
    TokenBook tokens,
    AdminDesk desk,
    WaitingList waiting,
    AdminMachines machines,
    Scaler? scaler,
    TimeProvider clock
)
{
    private const string Ok = "OK\r\n",
        Fail = "FAIL\r\n",
        Invalid = "INVALID\r\n",
        By = "the console";
    private const int MostTasks = 1_000;

    private static readonly string[] RouteVerbs = ["INFO", "LIST"];
    private static readonly string[] TaskVerbs = ["LIST", "INFO", "OUTPUT", "CANCEL", "REMOVE", "RESTART", "WHY"];

    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        NewLine = "\r\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>ClusterODM's commands first, then those that are new here.</summary>
    private static readonly (string Syntax, string Meaning)[] Help =
    [
        ("HELP", "List the commands"),
        ("QUIT", "Close the connection"),
        ("!!", "Repeat the last command"),
        ("NODE ADD <hostname> <port> [token]", "Add a node"),
        ("NODE DEL <node number>", "Remove a node at once; its tasks are placed elsewhere"),
        ("NODE LIST", "List the nodes"),
        ("NODE INFO <node number>", "Show what is known about a node"),
        ("NODE LOCK <node number>", "Give a node no new tasks"),
        ("NODE UNLOCK <node number>", "Give a node new tasks again"),
        ("NODE UPDATE", "Refresh all nodes now"),
        ("NODE BEST <number of images>", "Show the best node for that many images"),
        ("ROUTE INFO <taskId>", "Show the node of a task"),
        ("ROUTE LIST [node number]", "List tasks and their nodes"),
        ("TASK LIST [node number]", "List tasks"),
        ("TASK INFO <taskId>", "Show a task"),
        ("TASK OUTPUT <taskId> [line]", "Print a task's console output, optionally starting at a line"),
        ("TASK CANCEL <taskId>", "Cancel a task"),
        ("TASK REMOVE <taskId>", "Remove a task"),
        ("NODE DRAIN <node number>", "Give a node no new tasks, and remove it when its tasks are done"),
        ("TASK RESTART <taskId>", "Run a finished task again"),
        ("TASK WHY <taskId>", "Show what was decided about a task, and why"),
        ("QUEUE LIST", "List waiting tasks in order, and what each waits for"),
        ("MACHINE LIST", "List machines that sites give, and what each is doing"),
        ("MACHINE DEL <machine id>", "Give a machine no new tasks, and give it back when it has none"),
        ("ASR VIEWCMD <number of images>", "Show the machine that a task of that many images would get"),
        ("TOKEN LIST", "List tokens"),
        ("TOKEN ADD <name> [days]", "Create a token; it is shown once"),
        ("TOKEN DEL <token id>", "Revoke a token"),
    ];

    /// <summary>The answer to one line, with its line ends.</summary>
    public async Task<string> AnswerAsync(string[] words) =>
        words switch
        {
            [var help] when Is(help, "HELP") => string.Concat(
                Help.Select(entry => $"{entry.Syntax} - {entry.Meaning}\r\n")
            ),
            // ClusterODM says nothing at all to a word behind these that it does not know.
            [var noun, ..]
                when (Is(noun, "ROUTE") && !Knows(words, RouteVerbs))
                    || (Is(noun, "TASK") && !Knows(words, TaskVerbs)) => "",
            [var noun, var verb, .. var rest] when Is(noun, "NODE") => await NodeAsync(verb.ToUpperInvariant(), rest),
            [var noun, var verb, .. var rest] when Is(noun, "ROUTE") => Route(verb.ToUpperInvariant(), rest),
            [var noun, var verb, .. var rest] when Is(noun, "TASK") => await TaskAsync(verb.ToUpperInvariant(), rest),
            [var noun, var verb] when Is(noun, "QUEUE") && Is(verb, "LIST") => Queue(),
            [var noun, var verb, .. var rest] when Is(noun, "MACHINE") => await MachineAsync(
                verb.ToUpperInvariant(),
                rest
            ),
            [var noun, var verb, var images] when Is(noun, "ASR") && Is(verb, "VIEWCMD") => Offer(images),
            [var noun, var verb, .. var rest] when Is(noun, "TOKEN") => await TokenAsync(verb.ToUpperInvariant(), rest),
            _ => Invalid,
        };

    private async Task<string> NodeAsync(string verb, string[] rest) =>
        (verb, rest) switch
        {
            ("LIST", []) => string.Concat(fleet.Nodes.Select((node, i) => Line(i + 1, node))) + "\r\n",
            ("UPDATE", []) => Refreshed(),
            ("ADD", [var host, var port, .. var token]) when token.Length <= 1 => Said(
                NodeAddress.Find(host, port) is { } url
                    && (await desk.AddAsync(url, token.FirstOrDefault(""), false, By)).IsNew
            ),
            // No number is more than any node's limit, so that only nodes without one come into question.
            ("BEST", [var images]) => Best(
                int.TryParse(images, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                    ? count
                    : int.MaxValue
            ),
            ("INFO", [var number]) when At(number) is { } node => Json(json => ClusterNode.Write(json, node)),
            ("DEL", [var number]) when At(number) is { } node => Said(await desk.RemoveAsync(node, By)),
            ("LOCK", [var number]) when At(number) is { } node => Said(await desk.LockAsync(node, By)),
            ("UNLOCK", [var number]) when At(number) is { } node => Said(await desk.UnlockAsync(node, By)),
            ("DRAIN", [var number]) when At(number) is { } node => Said(await desk.DrainAsync(node, By)),
            ("LOCK" or "UNLOCK" or "DRAIN", [var number]) when int.TryParse(number, out _) => Fail,
            _ => Invalid,
        };

    private string Refreshed()
    {
        fleet.Refresh();
        return Ok;
    }

    private string Best(int images)
    {
        var held = tasks.Live.Held().CountBy(slot => slot.Node).ToDictionary();
        var candidates = NodeChoice
            .Candidates(fleet.Nodes.Select(node => new NodeSlots(node, held.GetValueOrDefault(node.Id))), new(images))
            .ToList();
        return (candidates.FirstOrDefault(node => node.Free > 0) ?? candidates.FirstOrDefault()) is { } best
            ? Line(1, best.Node)
            : "No best node available\r\n";
    }

    /// <summary>
    /// Such as <c>1) host:port [online] [0/2] &lt;engine: odm 3.6.0&gt; &lt;API: 2.2.4&gt; [L,A]</c>.
    /// </summary>
    private string Line(int number, GatewayNode node)
    {
        string[] flags =
        [
            .. node.Locked ? ["L"] : Array.Empty<string>(),
            .. node.Draining ? ["D"] : Array.Empty<string>(),
        ];
        var facts = node.Facts;
        var queue = facts is null
            ? "?/?"
            : $"{facts.Foreign + tasks.Live.On(node.Id).Count(task => task.Phase.Slot is not null)}/{facts.Slots}";
        var engine = facts is null ? "?" : $"{facts.Engine} {facts.EngineVersion}";
        return $"{number}) {node.Name} [{(node.Health.IsOnline(clock.GetUtcNow()) ? "online" : "offline")}] [{queue}] "
            + $"<engine: {SafeText.OneLine(engine)}> <API: "
            + $"{SafeText.OneLine(facts?.Version ?? "?")}>"
            + $"{(flags.Length > 0 ? $" [{string.Join(',', flags)}]" : "")}\r\n";
    }

    private string Route(string verb, string[] rest) =>
        (verb, rest) switch
        {
            ("INFO", [var id]) when TaskOf(id) is { } task && NodeOf(task) is { } node => Json(json =>
                WriteRoute(json, task, node)
            ),
            ("LIST", []) => Routes(null),
            ("LIST", [var number]) when At(number) is { } node => Routes(node.Id),
            _ => Invalid,
        };

    private string Routes(string? of) =>
        Json(json =>
        {
            json.WriteStartObject();
            foreach (var task in Known().Where(task => of is null || task.Phase.Place?.Node == of))
            {
                if (NodeOf(task) is not { } node)
                    continue;
                json.WritePropertyName(task.Id.ToString());
                WriteRoute(json, task, node);
            }
            json.WriteEndObject();
        });

    private async Task<string> TaskAsync(string verb, string[] rest) =>
        (verb, rest) switch
        {
            ("LIST", []) => Tasks(Known()),
            ("LIST", [var number]) when At(number) is { } node => Tasks(
                Known().Where(task => task.Phase.Place?.Node == node.Id)
            ),
            ("INFO", [var id]) when TaskOf(id) is { } task => Json(json =>
                TaskView.Write(json, task, null, clock.GetUtcNow())
            ),
            ("OUTPUT", [var id, .. var from]) when from.Length <= 1 && TaskOf(id) is { } task => Output(task, from),
            ("RESTART", [var id]) when TaskOf(id) is { } task => Answer(
                await actions.RestartAsync(task.Id, null, CancellationToken.None)
            ),
            ("WHY", [var id]) when TaskOf(id) is { } task => string.Concat(
                tasks
                    .Decisions(task.Id)
                    .Select(happened =>
                        $"{happened.At:yyyy-MM-ddTHH:mm:ssZ} {happened.Kind}: {SafeText.OneLine(happened.Text)}\r\n"
                    )
            )
                + Waits(task)
                + "\r\n",
            ("CANCEL", [var id]) when TaskOf(id) is { } task => Answer(
                await actions.CancelAsync(task.Id, By) ? null : $"{task.Id} not found"
            ),
            ("REMOVE", [var id]) when TaskOf(id) is { } task => Answer(
                await actions.RemoveAsync(task.Id, By) ? null : $"{task.Id} not found"
            ),
            _ => Invalid,
        };

    private string Tasks(IEnumerable<GatewayTask> which) =>
        Json(json =>
        {
            json.WriteStartArray();
            foreach (var task in which)
                TaskView.Write(json, task, null, clock.GetUtcNow());
            json.WriteEndArray();
        });

    private string Output(GatewayTask task, string[] from) =>
        string.Concat(
            tasks
                .Output(task, OutputSlice.Start(from.FirstOrDefault(), task.Lines))
                .Select(line => SafeText.OneLine(line) + "\r\n")
        );

    private string Waits(GatewayTask task) =>
        waiting.Entries().FirstOrDefault(entry => entry.Task.Id == task.Id) is { } entry
            ? $"waiting, position {entry.Position}: {SafeText.OneLine(entry.Why)}\r\n"
            : "";

    private async Task<string> MachineAsync(string verb, string[] rest) =>
        (verb, rest) switch
        {
            ("LIST", []) => string.Concat(
                machines
                    .List(gone: 0)
                    .Machines.Select(machine =>
                        $"{machine.Id} {machine.Name} [{machine.State}] since {machine.Since:yyyy-MM-ddTHH:mm:ssZ}, "
                        + $"{SafeText.OneLine(machine.Why)}\r\n"
                    )
            ) + "\r\n",
            ("DEL", [var text]) => Said(
                scaler is not null && machines.Find(text) is { } machine && await scaler.GiveBackAsync(machine.Id, By)
            ),
            _ => Invalid,
        };

    /// <summary>Which machine a task of so many images would get, without asking for one.</summary>
    private string Offer(string images)
    {
        if (scaler is null || !int.TryParse(images, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return Invalid;
        var offers =
            from pool in scaler.Settings.Pools
            from size in pool.Sizes
            where size.Images is not { } most || count <= most
            select $"{pool.Site}: {size}\r\n";
        return offers.FirstOrDefault() ?? "No site gives a machine for so many images\r\n";
    }

    private string Queue() =>
        string.Concat(
            waiting
                .Entries(MostTasks)
                .Select(entry =>
                    $"{entry.Position}) {entry.Task.Id} {entry.Task.Images} images, since "
                    + $"{entry.Since:yyyy-MM-ddTHH:mm:ssZ}, {SafeText.OneLine($"{entry.Why}: {entry.Task.Name}")}\r\n"
                )
        ) + "\r\n";

    private async Task<string> TokenAsync(string verb, string[] rest) =>
        (verb, rest) switch
        {
            ("LIST", []) => string.Concat(
                tokens.All.Select(token =>
                    $"{token.Id} {token.Name} since "
                    + $"{token.Created:yyyy-MM-dd}{(token.Expires is { } end ? $" until {end:yyyy-MM-dd}" : "")}\r\n"
                )
            ) + "\r\n",
            ("ADD", [var name]) => (await desk.MakeTokenAsync(name, null, TokenLimits.None, By)).Text + "\r\n",
            ("ADD", [var name, var days])
                when int.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                    && count is > 0 and <= 36500 => (
                await desk.MakeTokenAsync(name, clock.GetUtcNow().AddDays(count), TokenLimits.None, By)
            ).Text + "\r\n",
            ("DEL", [var id]) => Said(await desk.RevokeTokenAsync(id, By)),
            _ => Invalid,
        };

    /// <summary>The newest tasks, in the order of their creation.</summary>
    private IEnumerable<GatewayTask> Known() => tasks.Page(long.MaxValue, MostTasks).Reverse();

    private GatewayTask? TaskOf(string id) =>
        Guid.TryParse(id, out var parsed) && tasks.Find(parsed) is { IsListed: true } task ? task : null;

    private GatewayNode? NodeOf(GatewayTask task) => task.Phase.Place is { } place ? fleet.Find(place.Node) : null;

    private GatewayNode? At(string number) =>
        int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at >= 1
            ? fleet.Nodes.ElementAtOrDefault(at - 1)
            : null;

    private static string Said(bool done) => done ? Ok : Fail;

    private static string Answer(string? error) =>
        Json(json =>
        {
            json.WriteStartObject();
            if (error is null)
                json.WriteBoolean("success", true);
            else
                json.WriteString("error", error);
            json.WriteEndObject();
        });

    private static void WriteRoute(Utf8JsonWriter json, GatewayTask task, GatewayNode node)
    {
        json.WriteStartObject();
        json.WritePropertyName("node");
        ClusterNode.Write(json, node);
        json.WriteNumber("accessed", task.Created.ToUnixTimeMilliseconds());
        json.WriteEndObject();
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Indented))
            write(json);
        return Encoding.UTF8.GetString(bytes.WrittenSpan) + "\r\n";
    }

    private static bool Knows(string[] words, string[] verbs) =>
        words.Length > 1 && verbs.Contains(words[1], StringComparer.OrdinalIgnoreCase);

    private static bool Is(string word, string command) => word.Equals(command, StringComparison.OrdinalIgnoreCase);
}
