// Follows digitalocean/openapi of Aug 2026, specification/resources/{droplets,actions,sizes,regions,images,ssh_keys}.
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Muster.Clouds.DigitalOcean;

/// <summary>DigitalOcean's API: what it accepts has not happened yet, and what it lists may be old.</summary>
public sealed class OceanProvider(World world) : IProvider
{
    public const string Token = "dop_v1_standin0123456789abcdef0123456789abcdef";
    private readonly Dictionary<long, Creation> _actions = [];
    private readonly List<(long Id, string Name, string Key)> _keys = [];
    private readonly List<DateTimeOffset> _keyReads = [];

    public string Name => "digitalocean";
    public TimeSpan Boot { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Tags are put on when the droplet has been there for so long.</summary>
    public TimeSpan TagLag { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>For so long a droplet that was deleted is still shown.</summary>
    public TimeSpan DeleteLag { get; set; } = TimeSpan.FromSeconds(5);
    public int PerMinute { get; set; } = 250;
    public int Limit { get; set; } = 25;
    public bool ReadOnly { get; set; }
    public HashSet<(string Size, string Region)> SoldOut { get; } = [];
    public Dictionary<string, decimal> Sizes { get; } =
        new() { ["s-4vcpu-8gb"] = 0.07143m, ["gpu-h100x1-80gb"] = 3.39m };
    public List<string> Regions { get; } = ["fra1", "nyc3"];
    public List<(long Id, string Name, string[] Regions)> Images { get; } = [(4711, "nodeodm-image", ["nyc3"])];

    private DateTimeOffset Now => world.Now;

    public IEnumerable<Droplet> Droplets => world.Machines.OfType<Droplet>();
    private IEnumerable<Droplet> Shown => Droplets.Where(one => one.Gone is null || world.Now - one.Gone < DeleteLag);

    public void Map(IEndpointRouteBuilder app) => app.Map("/v2/{**rest}", (RequestDelegate)AnswerAsync);

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        JsonNode? answer;
        lock (world.Lock)
        {
            try
            {
                (context.Response.StatusCode, answer) = Carry(context, body);
            }
            catch (Refusal refusal)
            {
                context.Response.StatusCode = refusal.Status;
                answer = new JsonObject
                {
                    ["id"] = refusal.Id,
                    ["message"] = refusal.Message,
                    ["request_id"] = world.NextUuid().ToString(),
                };
            }
        }
        if (answer is null)
            return;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString());
    }

    private (int, JsonNode?) Carry(HttpContext context, string body)
    {
        var request = context.Request;
        if (request.Headers.Authorization != $"Bearer {Token}")
            throw new Refusal(401, "unauthorized", "Unable to authenticate you");
        Limits(context);
        Tick();
        var path = request.Path.Value!["/v2/".Length..].Split('/');
        return (request.Method, path) switch
        {
            ("POST", ["droplets"]) => (202, Create(JsonNode.Parse(body)!.AsObject())),
            ("GET", ["droplets"]) => (200, Page(request, "droplets", Filter(request).Select(View))),
            ("GET", ["droplets", var id]) => (200, new JsonObject { ["droplet"] = View(Get(id)) }),
            ("DELETE", ["droplets", var id]) => Delete(Get(id)),
            ("GET", ["actions", var id]) => (200, new JsonObject { ["action"] = _actions[long.Parse(id)].View() }),
            ("GET", ["account", "keys"]) => (200, Page(request, "ssh_keys", _keys.Select(KeyView))),
            ("GET", ["account", "keys", var print]) => (
                200,
                new JsonObject
                {
                    ["ssh_key"] = KeyView(
                        _keys.Find(key => Print(key.Key) == print) is { Key: not null } key
                            ? key
                            : throw new Refusal(404, "not_found", "The resource you requested could not be found.")
                    ),
                }
            ),
            ("POST", ["account", "keys"]) => (201, AddKey(JsonNode.Parse(body)!)),
            ("DELETE", ["account", "keys", var id]) => (
                _keys.RemoveAll(key => key.Id == long.Parse(id)) > 0 ? 204 : 404,
                null
            ),
            ("GET", ["account"]) => (
                200,
                new JsonObject
                {
                    ["account"] = new JsonObject { ["droplet_limit"] = Limit, ["status"] = "active" },
                }
            ),
            ("GET", ["sizes"]) => (200, Page(request, "sizes", Sizes.Select(SizeView))),
            ("GET", ["regions"]) => (
                200,
                Page(
                    request,
                    "regions",
                    Regions.Select(region => new JsonObject
                    {
                        ["slug"] = region,
                        ["available"] = true,
                        ["features"] = new JsonArray("metadata"),
                    })
                )
            ),
            ("GET", ["images"]) => (
                200,
                Page(
                    request,
                    "images",
                    Images.Select(image => new JsonObject
                    {
                        ["id"] = image.Id,
                        ["name"] = image.Name,
                        ["status"] = "available",
                        ["regions"] = new JsonArray([.. image.Regions.Select(region => (JsonNode)region)]),
                    })
                )
            ),
            ("GET", ["images", "ubuntu-24-04-x64"]) => (200, new JsonObject { ["image"] = new JsonObject() }),
            _ => throw new Refusal(404, "not_found", "The resource you requested could not be found."),
        };
    }

    private void Limits(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments("/v2/account/keys") && context.Request.Method == "GET")
        {
            _keyReads.RemoveAll(at => world.Now - at > TimeSpan.FromMinutes(1));
            _keyReads.Add(world.Now);
        }
        var minute = world.Requests.Count(one => one.Provider == Name && world.Now - one.At < TimeSpan.FromMinutes(1));
        context.Response.Headers["ratelimit-limit"] = "5000";
        context.Response.Headers["ratelimit-reset"] = world
            .Now.AddHours(1)
            .ToUnixTimeSeconds()
            .ToString(CultureInfo.InvariantCulture);
        if (minute <= PerMinute && _keyReads.Count <= 10)
            return;
        context.Response.Headers.RetryAfter = "37";
        throw new Refusal(429, "too_many_requests", "API Rate limit exceeded.");
    }

    private JsonObject Create(JsonObject order)
    {
        string Need(string key) =>
            order[key]?.GetValue<string>()
            ?? throw new Refusal(422, "unprocessable_entity", $"payload validation failed: {key} is required");
        if (ReadOnly)
            throw new Refusal(403, "forbidden", "You are not authorized to perform this operation");
        if (order.ContainsKey("names"))
            throw new Refusal(422, "unprocessable_entity", "names is not for one droplet");
        var (name, size, region) = (Need("name"), Need("size"), Need("region"));
        var image = order["image"]!.GetValueKind();
        if (image is not (System.Text.Json.JsonValueKind.Number or System.Text.Json.JsonValueKind.String))
            throw new Refusal(422, "unprocessable_entity", "image is invalid");
        if (
            image is System.Text.Json.JsonValueKind.Number
            && !Images.Exists(one => one.Id == order["image"]!.GetValue<long>() && one.Regions.Contains(region))
        )
            throw new Refusal(422, "unprocessable_entity", "You specified an invalid image for Droplet creation.");
        foreach (var tag in order["tags"]!.AsArray())
            if (tag!.GetValue<string>().Any(letter => !char.IsAsciiLetterOrDigit(letter) && !"_-:".Contains(letter)))
                throw new Refusal(
                    422,
                    "unprocessable_entity",
                    "Tags may only contain letters, numbers, colons, dashes, and underscores."
                );
        if (!Sizes.TryGetValue(size, out var price))
            throw new Refusal(422, "unprocessable_entity", "You specified an invalid size for Droplet creation.");
        if (!Regions.Contains(region))
            throw new Refusal(422, "unprocessable_entity", "Region is not available.");
        if (SoldOut.Contains((size, region)))
            throw new Refusal(422, "unprocessable_entity", "Size is not available in this region.");
        if (Droplets.Count(one => one.Gone is null) >= Limit)
            throw new Refusal(
                422,
                "unprocessable_entity",
                "creating this/these droplet(s) will exceed your droplet limit"
            );
        if (order["ssh_keys"]!.AsArray().Count == 0)
            throw new InvalidOperationException("a password would go out by mail");
        var id = world.NextId();
        var errored = world.Faults.Draw("creation") is not null;
        var droplet = new Droplet
        {
            Provider = Name,
            Id = id.ToString(CultureInfo.InvariantCulture),
            Name = name,
            Type = size,
            Place = region,
            Created = world.Now,
            State = "new",
            UserData = Need("user_data"),
            Tags = [.. order["tags"]!.AsArray().Select(tag => tag!.GetValue<string>())],
        };
        // Some creations that fail leave a droplet, and some leave none.
        if (!errored || world.Faults.Draw("no corpse") is null)
        {
            world.Machines.Add(droplet);
            world.Bill.Start(
                Name,
                droplet.Id,
                price,
                "USD",
                world.Now,
                TimeSpan.FromSeconds(1),
                TimeSpan.FromSeconds(60),
                0.01m
            );
        }
        var action = new Creation(world.NextId(), this, droplet) { Errored = errored };
        _actions[action.Id] = action;
        return new JsonObject
        {
            ["droplet"] = View(droplet),
            ["links"] = new JsonObject
            {
                ["actions"] = new JsonArray(
                    new JsonObject
                    {
                        ["id"] = action.Id,
                        ["rel"] = "create",
                        ["href"] = $"https://api.digitalocean.com/v2/actions/{action.Id}",
                    }
                ),
            },
        };
    }

    private void Tick()
    {
        foreach (var action in _actions.Values.Where(action => action is { Errored: false, Droplet.State: "new" }))
        {
            if (action.Status != "completed")
                continue;
            action.Droplet.State = "active";
            action.Droplet.Address = $"198.51.100.{long.Parse(action.Droplet.Id) % 250}";
        }
    }

    private IEnumerable<Droplet> Filter(HttpRequest request)
    {
        string[] filters = ["tag_name", "name", "type"];
        if (filters.Count(filter => request.Query.ContainsKey(filter)) > 1)
            throw new Refusal(422, "unprocessable_entity", "only one of name, tag_name and type can be given");
        if (request.Query["type"] == "gpus")
            return Shown.Where(one => one.IsGpu);
        var plain = Shown.Where(one => !one.IsGpu);
        return (request.Query["tag_name"].ToString(), request.Query["name"].ToString()) switch
        {
            ({ Length: > 0 } tag, _) => plain.Where(one => Tags(one).Contains(tag)),
            (_, { Length: > 0 } name) => plain.Where(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)),
            _ => plain,
        };
    }

    private IEnumerable<string> Tags(Droplet droplet) => world.Now - droplet.Created < TagLag ? [] : droplet.Tags;

    private Droplet Get(string id) =>
        Shown.FirstOrDefault(one => one.Id == id)
        ?? throw new Refusal(404, "not_found", "The resource you were accessing could not be found.");

    private (int, JsonNode?) Delete(Droplet droplet)
    {
        if (_actions.Values.Any(action => action.Droplet == droplet && action.Status == "in-progress"))
            throw new Refusal(422, "unprocessable_entity", "Droplet already has a pending event.");
        droplet.Gone ??= world.Now;
        world.Bill.Stop(Name, droplet.Id, world.Now);
        return (204, null);
    }

    private JsonObject AddKey(JsonNode order)
    {
        var (name, key) = (order["name"]!.GetValue<string>(), order["public_key"]!.GetValue<string>());
        if (_keys.Exists(one => Print(one.Key) == Print(key)))
            throw new Refusal(422, "unprocessable_entity", "SSH Key is already in use on your account");
        _keys.Add((world.NextId(), name, key));
        return new JsonObject { ["ssh_key"] = KeyView(_keys[^1]) };
    }

    private static string Print(string key)
    {
#pragma warning disable CA5351 // the name that the provider knows a key by; nothing is protected by it
        var hash = MD5.HashData(Convert.FromBase64String(key.Split(' ')[1]));
#pragma warning restore CA5351
        return string.Join(':', hash.Select(one => one.ToString("x2", CultureInfo.InvariantCulture)));
    }

    private static JsonObject KeyView((long Id, string Name, string Key) key) =>
        new()
        {
            ["id"] = key.Id,
            ["name"] = key.Name,
            ["fingerprint"] = Print(key.Key),
            ["public_key"] = key.Key,
        };

    private JsonObject SizeView(KeyValuePair<string, decimal> size) =>
        new()
        {
            ["slug"] = size.Key,
            ["price_hourly"] = size.Value,
            ["price_monthly"] = size.Value * 672,
            ["available"] = true,
            ["regions"] = new JsonArray([.. Regions.Select(region => (JsonNode)region)]),
        };

    private JsonObject View(Droplet droplet) =>
        new()
        {
            ["id"] = long.Parse(droplet.Id),
            ["name"] = droplet.Name,
            ["status"] = droplet.State,
            ["locked"] = false,
            ["created_at"] = droplet.Created.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            ["size_slug"] = droplet.Type,
            ["region"] = new JsonObject { ["slug"] = droplet.Place },
            ["tags"] = new JsonArray([.. Tags(droplet).Select(tag => (JsonNode)tag)]),
            ["networks"] = new JsonObject
            {
                ["v4"] = new JsonArray([
                    .. droplet.Address is { } address
                        ? new JsonNode[]
                        {
                            new JsonObject { ["ip_address"] = "10.0.0.5", ["type"] = "private" },
                            new JsonObject { ["ip_address"] = address, ["type"] = "public" },
                        }
                        : [],
                ]),
                ["v6"] = new JsonArray(),
            },
        };

    private static JsonObject Page(HttpRequest request, string key, IEnumerable<JsonNode> entries)
    {
        var all = entries.ToList();
        var size = int.TryParse(request.Query["per_page"], out var wanted) ? Math.Min(wanted, 200) : 20;
        var page = int.TryParse(request.Query["page"], out var number) ? number : 1;
        var links = new JsonObject();
        if (page * size < all.Count)
            links["pages"] = new JsonObject
            {
                ["next"] = $"https://api.digitalocean.com{request.Path}?page={page + 1}",
            };
        return new JsonObject
        {
            [key] = new JsonArray([.. all.Skip((page - 1) * size).Take(size)]),
            ["links"] = links,
            ["meta"] = new JsonObject { ["total"] = all.Count },
        };
    }

    private sealed class Creation(long id, OceanProvider ocean, Droplet droplet)
    {
        public long Id => id;
        public Droplet Droplet => droplet;
        public required bool Errored { get; init; }
        public string Status =>
            ocean.Now - droplet.Created < ocean.Boot ? "in-progress"
            : Errored ? "errored"
            : "completed";

        public JsonObject View() =>
            new()
            {
                ["id"] = id,
                ["status"] = Status,
                ["type"] = "create",
            };
    }

    private sealed class Refusal(int status, string id, string message) : Exception(message)
    {
        public int Status => status;
        public string Id => id;
    }
}

public sealed class Droplet : WorldMachine
{
    public bool IsGpu => Type.StartsWith("gpu-", StringComparison.Ordinal);
}
