// Follows scaleway/scaleway-sdk-go of Aug 2026: api/instance/v1, api/block/v1, api/marketplace/v2, scw/errors.go.
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Muster.Clouds.Scaleway;

/// <summary>Scaleway's APIs of instances, disks and images, each zone apart.</summary>
public sealed class ScalewayProvider(World world) : IProvider
{
    public const string Token = "11111111-2222-4333-8444-555555555555";
    private readonly List<ScalewayDisk> _disks = [];

    public string Name => "scaleway";
    public TimeSpan Boot { get; set; } = TimeSpan.FromSeconds(20);
    public int Quota { get; set; } = 25;
    public bool ReadOnly { get; set; }

    /// <summary>Machines there are switched on, look for a place, and fall back.</summary>
    public HashSet<(string Type, string Zone)> SoldOut { get; } = [];
    public bool RefusesTerminate { get; set; }

    /// <summary>For so long after its machine's end a disk of the block API is in use.</summary>
    public TimeSpan DiskLag { get; set; } = TimeSpan.FromSeconds(60);
    public string VolumeType { get; set; } = "sbs_volume";
    public List<string> Zones { get; } = ["fr-par-1", "nl-ams-1"];
    public Dictionary<string, (decimal Price, int Gpu)> Types { get; } =
        new() { ["PRO2-S"] = (0.219m, 0), ["L4-1-24G"] = (0.75m, 1) };

    public IEnumerable<ScalewayMachine> Servers => world.Machines.OfType<ScalewayMachine>();
    public IEnumerable<ScalewayDisk> Disks => _disks.Where(disk => !disk.Deleted);

    public void Map(IEndpointRouteBuilder app) => app.Map("/{**rest}", (RequestDelegate)AnswerAsync);

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        object? answer;
        lock (world.Lock)
        {
            try
            {
                (context.Response.StatusCode, answer) = Carry(context, body);
            }
            catch (Refusal refusal)
            {
                context.Response.StatusCode = refusal.Status;
                answer = refusal.Answer;
            }
        }
        if (answer is JsonNode json)
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(json.ToJsonString());
        }
        else if (answer is string text)
        {
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync(text);
        }
    }

    private (int, object?) Carry(HttpContext context, string body)
    {
        var request = context.Request;
        if (request.Headers["X-Auth-Token"] != Token)
            throw new Refusal(
                401,
                "denied_authentication",
                "authentication is denied",
                ("method", "api_key"),
                ("reason", "not_found")
            );
        if (world.Faults.Draw("throttle") is not null)
        {
            context.Response.Headers["X-Envoy-Ratelimited"] = "true";
            return (429, null);
        }
        if (world.Faults.Draw("no address") is not null)
            throw new Refusal(503, null, "No free IP address");
        Tick();
        var path = request.Path.Value!.Trim('/').Split('/');
        if (path is ["marketplace", "v2", "local-images"])
            return (200, Images(request));
        if (path is not [var service, "v1", "zones", var zone, .. var rest] || !Zones.Contains(zone))
            throw new Refusal(404, "unknown_resource", "\"Zone\" not found");
        if (service == "block")
            return Block(context, request.Method, zone, rest);
        return (request.Method, rest) switch
        {
            ("POST", ["servers"]) => (201, new JsonObject { ["server"] = View(Create(zone, body)) }),
            ("GET", ["servers"]) => (
                200,
                Page(context, "servers", true, In(zone).Where(one => Fits(request, one)).Select(View))
            ),
            ("GET", ["servers", var id]) => (200, new JsonObject { ["server"] = View(Get(zone, id)) }),
            ("PATCH", ["servers", var id, "user_data", "cloud-init"]) => UserData(request, Get(zone, id), body),
            ("GET", ["servers", var id, "user_data", "ssh-host-fingerprints"]) => Get(zone, id).State == "running"
                ? (200, $"256 SHA256:abc root@{Get(zone, id).Name} (ED25519)\n")
                : throw new Refusal(404, "not_found", "resource is not found", ("resource", "user_data")),
            ("POST", ["servers", var id, "action"]) => Act(
                Get(zone, id),
                JsonNode.Parse(body)!["action"]!.GetValue<string>()
            ),
            ("DELETE", ["servers", var id]) => DeleteServer(Get(zone, id)),
            ("GET", ["volumes"]) => (200, Page(context, "volumes", true, [])),
            ("GET", ["volumes", var id]) => (
                200,
                new JsonObject { ["volume"] = DiskView(Disk(zone, id, block: false)) }
            ),
            ("DELETE", ["volumes", var id]) => DeleteDisk(Disk(zone, id, block: false)),
            ("GET", ["images"]) => (
                200,
                Page(
                    context,
                    "images",
                    true,
                    ((string[])["nodeodm-image", "nodeodm-image-old"])
                        .Where(name => name.Contains(request.Query["name"].ToString(), StringComparison.Ordinal))
                        .Select(
                            (name, index) =>
                                new JsonObject
                                {
                                    ["id"] = $"bbbbbbbb-0000-4000-8000-00000000000{index}",
                                    ["name"] = name,
                                    ["state"] = "available",
                                    ["creation_date"] = $"2026-01-0{index + 1}T00:00:00Z",
                                }
                        )
                )
            ),
            ("GET", ["ips"]) => (200, Page(context, "ips", true, [])),
            ("GET", ["products", "servers"]) => (
                200,
                Products(
                    context,
                    type => new JsonObject
                    {
                        ["hourly_price"] = type.Price,
                        ["gpu"] = type.Gpu,
                        ["arch"] = "x86_64",
                    }
                )
            ),
            ("GET", ["products", "servers", "availability"]) => (
                200,
                new JsonObject
                {
                    ["servers"] = new JsonObject(
                        Types.Keys.Select(type =>
                            KeyValuePair.Create(
                                type,
                                (JsonNode?)
                                    new JsonObject
                                    {
                                        ["availability"] = SoldOut.Contains((type, zone)) ? "shortage" : "available",
                                    }
                            )
                        )
                    ),
                }
            ),
            _ => throw new Refusal(404, "unknown_resource", "not found"),
        };
    }

    /// <summary>Two types a page, so that the map has pages in tests.</summary>
    private JsonObject Products(HttpContext context, Func<(decimal Price, int Gpu), JsonNode> view)
    {
        context.Response.Headers["X-Total-Count"] = Types.Count.ToString(CultureInfo.InvariantCulture);
        return new JsonObject
        {
            ["servers"] = new JsonObject(
                Types.Select(type => KeyValuePair.Create(type.Key, (JsonNode?)view(type.Value)))
            ),
        };
    }

    private IEnumerable<ScalewayMachine> In(string zone) => Servers.Where(one => one.Place == zone && one.Gone is null);

    private static bool Fits(HttpRequest request, ScalewayMachine machine)
    {
        var (name, tags) = (request.Query["name"].ToString(), request.Query["tags"].ToString());
        return machine.Name.Contains(name, StringComparison.OrdinalIgnoreCase)
            && (tags.Length == 0 || tags.Split(',').All(machine.Tags.Contains));
    }

    private ScalewayMachine Get(string zone, string id) =>
        In(zone).FirstOrDefault(one => one.Id == id)
        ?? throw new Refusal(
            404,
            "not_found",
            "resource is not found",
            ("resource", "instance_server"),
            ("resource_id", id)
        );

    private ScalewayMachine Create(string zone, string body)
    {
        var order = JsonNode.Parse(body)!.AsObject();
        if (ReadOnly)
            throw new Refusal(403, "permissions_denied", "insufficient permissions")
            {
                Details = [new JsonObject { ["resource"] = "compute_servers", ["action"] = "write" }],
            };
        Refusal Invalid(string argument, string reason) =>
            new(400, "invalid_arguments", "invalid argument(s)")
            {
                Details = [new JsonObject { ["argument_name"] = argument, ["reason"] = reason }],
            };
        var name = order["name"]?.GetValue<string>() ?? throw Invalid("name", "required");
        var type = order["commercial_type"]?.GetValue<string>() ?? throw Invalid("commercial_type", "required");
        if (!Types.ContainsKey(type))
            throw Invalid("commercial_type", "unknown");
        if (!Guid.TryParse(order["image"]?.GetValue<string>(), out _))
            throw new Refusal(400, "invalid_request_error", "Validation Error")
            {
                Fields = new JsonObject { ["image"] = new JsonArray("image is not a valid UUID.") },
            };
        if (order.ContainsKey("organization") && order.ContainsKey("project"))
            throw Invalid("organization", "constraint");
        if (Servers.Count(one => one.Gone is null) >= Quota)
            throw new Refusal(403, "quotas_exceeded", "Quota exceeded")
            {
                Details =
                [
                    new JsonObject
                    {
                        ["resource"] = "cp_servers_type_PRO2_S",
                        ["quota"] = Quota,
                        ["current"] = Quota,
                    },
                ],
            };
        var machine = new ScalewayMachine
        {
            Provider = Name,
            Id = world.NextUuid().ToString(),
            Name = name,
            Type = type,
            Place = zone,
            Created = world.Now,
            State = "stopped",
            Tags = [.. order["tags"]!.AsArray().Select(tag => tag!.GetValue<string>())],
        };
        var disk = new ScalewayDisk
        {
            Id = world.NextUuid().ToString(),
            Machine = machine,
            Type = VolumeType,
        };
        _disks.Add(disk);
        world.Machines.Add(machine);
        world.Bill.Start(Name, disk.Id, 0.0001m, "EUR", world.Now, TimeSpan.FromHours(1));
        return machine;
    }

    private static (int, object?) UserData(HttpRequest request, ScalewayMachine machine, string body)
    {
        if (request.ContentType?.StartsWith("text/plain", StringComparison.Ordinal) is not true)
            throw new Refusal(415, "invalid_request_error", "Content-Type must be text/plain");
        machine.UserData = body;
        return (204, null);
    }

    private (int, object?) Act(ScalewayMachine machine, string action)
    {
        switch (action)
        {
            case "poweron" when machine.State is "stopped":
                machine.State = "starting";
                machine.StateDetail = "allocating node";
                machine.Since = world.Now;
                break;
            case "poweron":
                throw new Refusal(400, "invalid_request_error", "server is already running");
            case "terminate" when machine.State is "running" && !RefusesTerminate:
                Billed(machine, until: world.Now);
                End(machine, withLocalDisks: true);
                break;
            case "poweroff" when machine.State is "running" or "stopped in place":
                machine.State = "stopping";
                machine.Since = world.Now;
                Billed(machine, until: world.Now);
                break;
            default:
                throw new Refusal(400, "invalid_request_error", "server should be running");
        }
        return (
            202,
            new JsonObject
            {
                ["task"] = new JsonObject
                {
                    ["id"] = "00000000-0000-0000-0000-000000000000",
                    ["status"] = "pending",
                    ["description"] = "dummy",
                },
            }
        );
    }

    private void Billed(ScalewayMachine machine, DateTimeOffset until) => world.Bill.Stop(Name, machine.Id, until);

    private void End(ScalewayMachine machine, bool withLocalDisks)
    {
        machine.Gone = world.Now;
        foreach (var disk in _disks.Where(disk => disk.Machine == machine))
        {
            if (withLocalDisks && disk.Type is "l_ssd" or "scratch")
                Delete(disk);
        }
    }

    private void Delete(ScalewayDisk disk)
    {
        disk.Deleted = true;
        world.Bill.Stop(Name, disk.Id, world.Now);
    }

    private (int, object?) DeleteServer(ScalewayMachine machine)
    {
        if (machine.State != "stopped")
            throw new Refusal(400, "invalid_request_error", "server should be stopped");
        End(machine, withLocalDisks: false);
        return (204, null);
    }

    /// <summary>From inside: it is off, and costs as before.</summary>
    public void ShutDown(ScalewayMachine machine)
    {
        lock (world.Lock)
            machine.State = "stopped in place";
    }

    private void Tick()
    {
        foreach (var machine in Servers.Where(one => one.Gone is null))
        {
            if (world.Now - machine.Since < Boot)
                continue;
            if (machine.State == "starting" && SoldOut.Contains((machine.Type, machine.Place)))
            {
                (machine.State, machine.StateDetail) = ("stopped", "");
            }
            else if (machine.State == "starting")
            {
                (machine.State, machine.StateDetail) = ("running", "");
                machine.Address = $"192.0.2.{world.NextId() % 250}";
                var (price, gpu) = Types[machine.Type];
                world.Bill.Start(
                    Name,
                    machine.Id,
                    price,
                    "EUR",
                    machine.Since,
                    gpu > 0 ? TimeSpan.FromMinutes(1) : TimeSpan.FromHours(1)
                );
            }
            else if (machine.State == "stopping")
            {
                machine.State = "stopped";
            }
        }
    }

    private ScalewayDisk Disk(string zone, string id, bool block) =>
        _disks.Find(disk =>
            disk.Id == id && !disk.Deleted && disk.Machine.Place == zone && (disk.Type == "sbs_volume") == block
        ) ?? throw new Refusal(404, "not_found", "resource is not found", ("resource", "volume"));

    private (int, object?) DeleteDisk(ScalewayDisk disk)
    {
        if (InUse(disk))
            throw new Refusal(
                412,
                "precondition_failed",
                "precondition failed",
                ("precondition", "resource_still_in_use")
            );
        Delete(disk);
        return (204, null);
    }

    private bool InUse(ScalewayDisk disk) =>
        disk.Machine.Gone is not { } gone || (disk.Type == "sbs_volume" && world.Now - gone < DiskLag);

    private (int, object?) Block(HttpContext context, string method, string zone, string[] rest) =>
        (method, rest) switch
        {
            ("GET", ["volumes"]) => (200, Page(context, "volumes", false, [])),
            ("GET", ["volumes", var id]) => (200, DiskView(Disk(zone, id, block: true))),
            ("DELETE", ["volumes", var id]) => DeleteDisk(Disk(zone, id, block: true)),
            _ => throw new Refusal(404, "unknown_resource", "not found"),
        };

    private JsonObject DiskView(ScalewayDisk disk) =>
        new()
        {
            ["id"] = disk.Id,
            ["type"] = "sbs_5k",
            ["status"] = InUse(disk) ? "in_use" : "available",
            ["references"] = new JsonArray([.. InUse(disk) ? new JsonNode[] { new JsonObject() } : []]),
            ["tags"] = new JsonArray(),
        };

    private static JsonObject Images(HttpRequest request)
    {
        var found = request.Query["image_label"] == "ubuntu_jammy" && request.Query["type"] == "instance_sbs";
        return new JsonObject
        {
            ["local_images"] = new JsonArray([
                .. found
                    ? new JsonNode[]
                    {
                        new JsonObject
                        {
                            ["id"] = "aaaaaaaa-0000-4000-8000-00000000000f",
                            ["compatible_commercial_types"] = new JsonArray("GP1-XS"),
                        },
                        new JsonObject
                        {
                            ["id"] = "aaaaaaaa-0000-4000-8000-000000000001",
                            ["compatible_commercial_types"] = new JsonArray("PRO2-S", "L4-1-24G"),
                        },
                    }
                    : [],
            ]),
            ["total_count"] = found ? 2 : 0,
        };
    }

    private static JsonObject Page(HttpContext context, string key, bool inHeader, IEnumerable<JsonNode> entries)
    {
        var all = entries.ToList();
        var query = context.Request.Query;
        var size = int.TryParse(query[inHeader ? "per_page" : "page_size"], out var wanted)
            ? Math.Min(wanted, 100)
            : 50;
        var page = int.TryParse(query["page"], out var number) ? number : 1;
        var answer = new JsonObject { [key] = new JsonArray([.. all.Skip((page - 1) * size).Take(size)]) };
        if (inHeader)
            context.Response.Headers["X-Total-Count"] = all.Count.ToString(CultureInfo.InvariantCulture);
        else
            answer["total_count"] = all.Count;
        return answer;
    }

    private JsonObject View(ScalewayMachine machine) =>
        new()
        {
            ["id"] = machine.Id,
            ["name"] = machine.Name,
            ["state"] = machine.State,
            ["state_detail"] = machine.StateDetail,
            ["commercial_type"] = machine.Type,
            ["zone"] = machine.Place,
            ["protected"] = false,
            ["creation_date"] = machine.Created.ToString("O", CultureInfo.InvariantCulture),
            ["tags"] = new JsonArray([.. machine.Tags.Select(tag => (JsonNode)tag)]),
            ["allowed_actions"] = new JsonArray(machine.State is "running" ? "poweroff" : "poweron"),
            ["volumes"] = new JsonObject(
                _disks
                    .Where(disk => disk.Machine == machine)
                    .Select(
                        (disk, index) =>
                            KeyValuePair.Create(
                                index.ToString(CultureInfo.InvariantCulture),
                                (JsonNode?)new JsonObject { ["id"] = disk.Id, ["volume_type"] = disk.Type }
                            )
                    )
            ),
            ["public_ips"] = new JsonArray([
                .. machine.Address is { } address
                    ? new JsonNode[]
                    {
                        new JsonObject
                        {
                            ["id"] = machine.Id,
                            ["address"] = address,
                            ["family"] = "inet",
                            ["dynamic"] = true,
                        },
                    }
                    : [],
            ]),
        };

    private sealed class Refusal(int status, string? type, string message, params (string Key, string Value)[] more)
        : Exception(message)
    {
        public int Status => status;
        public JsonNode[]? Details { get; init; }
        public JsonObject? Fields { get; init; }

        public JsonObject Answer
        {
            get
            {
                var answer = new JsonObject { ["message"] = Message };
                if (type is not null)
                    answer["type"] = type;
                foreach (var (key, value) in more)
                    answer[key] = value;
                if (Details is not null)
                    answer["details"] = new JsonArray(Details);
                if (Fields is not null)
                    answer["fields"] = Fields;
                return answer;
            }
        }
    }
}

public sealed class ScalewayMachine : WorldMachine
{
    public string StateDetail { get; set; } = "";

    /// <summary>When it was told to do what it does.</summary>
    public DateTimeOffset Since { get; set; }
}

public sealed class ScalewayDisk
{
    public required string Id { get; init; }
    public required ScalewayMachine Machine { get; init; }
    public required string Type { get; init; }
    public bool Deleted { get; set; }
}
