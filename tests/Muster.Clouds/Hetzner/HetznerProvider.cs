using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Muster.Clouds.Hetzner;

/// <summary>
/// Hetzner Cloud after hetznercloud/hcloud-go 2.47 (hcloud/schema, hcloud/error.go) and the provider's OpenAPI document
/// of February 2026.
/// </summary>
public sealed partial class HetznerProvider : IProvider
{
    public const string Token = "Qw3rTyUi0pAsDfGhJkLzXcVbNmQw3rTyUi0pAsDfGhJkLzXcVbNm012345678901";
    public const string ReadOnlyToken = "rEaD0nLyToKeNrEaD0nLyToKeNrEaD0nLyToKeNrEaD0nLyToKeN012345678901";
    public const string Currency = "EUR";
    public const decimal Ipv4Hourly = 0.0010m;

    private static readonly JsonSerializerOptions Snake = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };
    private static readonly string[] Places = ["fsn1", "nbg1", "hel1", "ash"];
    private readonly World _world;
    private readonly List<HetznerWork> _work = [];

    /// <summary>Requests that are left in this hour.</summary>
    public double Left { get; set; }
    private DateTimeOffset _refilled;

    public HetznerProvider(World world)
    {
        (_world, _refilled) = (world, world.Now);
        Left = RequestsAnHour;
        Images =
        [
            new(161547269, "ubuntu-24.04", "Ubuntu 24.04", "x86", world.Now.AddYears(-1)),
            new(161547270, "ubuntu-24.04", "Ubuntu 24.04", "arm", world.Now.AddYears(-1)),
            new(114690387, "debian-12", "Debian 12", "x86", world.Now.AddYears(-2)),
        ];
    }

    public string Name => "hetzner";
    public int RequestsAnHour { get; set; } = 3600;
    public int ServerLimit { get; set; } = 10;
    public TimeSpan CreateTakes { get; set; } = TimeSpan.FromSeconds(2);
    public TimeSpan StartTakes { get; set; } = TimeSpan.FromSeconds(5);
    public TimeSpan DeleteTakes { get; set; } = TimeSpan.FromSeconds(3);
    public List<HetznerKeyEntry> Keys { get; } = [];
    public List<HetznerImageEntry> Images { get; }
    public List<HetznerIp> Addresses { get; } = [];
    public List<HetznerNamedEntry> Networks { get; } = [new(4711, "inside")];
    public List<HetznerNamedEntry> Firewalls { get; } = [new(38, "ssh-only")];
    public List<HetznerTypeEntry> Types { get; } =
    [
        new("cx22", "x86", 0.0070m, ["fsn1", "nbg1", "hel1"]),
        new("cx42", "x86", 0.0260m, ["fsn1", "nbg1", "hel1"]),
        new("ccx33", "x86", 0.1010m, Places),
        new("cax11", "arm", 0.0065m, ["fsn1"]),
    ];

    /// <summary>Types that a location has none of.</summary>
    public HashSet<(string Type, string Place)> SoldOut { get; } = [];
    public IEnumerable<HetznerMachine> Servers => _world.Alive(Name).OfType<HetznerMachine>();

    /// <summary>The machine switches itself off: it is still there, and still costs.</summary>
    public void ShutDownInside(string name)
    {
        lock (_world.Lock)
            Servers.Single(server => server.Name == name).State = "off";
    }

    /// <summary>Servers of somebody else in the same project.</summary>
    public void AddStrangers(int count, IReadOnlyDictionary<string, string> labels)
    {
        lock (_world.Lock)
        {
            for (var i = 0; i < count; i++)
                _world.Machines.Add(
                    NewServer($"stranger-{i}", "cx22", "fsn1", "ubuntu-24.04", "", labels, [], "running")
                );
        }
    }

    public void Map(IEndpointRouteBuilder app)
    {
        On("GET", "servers", request => Page(request, "servers", Found(request).Select(View)));
        On("POST", "servers", Create);
        On(
            "GET",
            "servers/{id}",
            request => Server(request) is { } one ? Ok(new { server = View(one) }) : Missing("server")
        );
        On("PUT", "servers/{id}", Relabel);
        On("DELETE", "servers/{id}", Delete);
        On("GET", "actions", Asked);
        On("GET", "ssh_keys", request => Page(request, "ssh_keys", KeysFound(request).Select(View)));
        On("POST", "ssh_keys", AddKey);
        On(
            "DELETE",
            "ssh_keys/{id}",
            request => Keys.RemoveAll(key => key.Id == Id(request)) > 0 ? new(204, null) : Missing("ssh key")
        );
        On(
            "GET",
            "ssh_keys/{id}",
            request =>
                Keys.Find(key => key.Id == Id(request)) is { } one
                    ? Ok(new { ssh_key = View(one) })
                    : Missing("ssh key")
        );
        On("GET", "images", request => Page(request, "images", ImagesFound(request).Select(View)));
        On(
            "GET",
            "images/{id}",
            request =>
                Images.Find(image => image.Id == Id(request)) is { } one
                    ? Ok(new { image = View(one) })
                    : Missing("image")
        );
        On(
            "GET",
            "server_types",
            request =>
                Page(
                    request,
                    "server_types",
                    Types.Where(type => Named(request, type.Name)).Select((type, i) => View(type, i))
                )
        );
        On(
            "GET",
            "locations",
            request =>
                Page(
                    request,
                    "locations",
                    Places.Select(
                        (place, i) =>
                            new
                            {
                                id = i + 1,
                                name = place,
                                network_zone = place == "ash" ? "us-east" : "eu-central",
                            }
                    )
                )
        );
        On("GET", "datacenters", _ => Fault(410, "deprecated_api_endpoint", "datacenters are gone"));
        On("GET", "networks", request => Page(request, "networks", Networks.Where(one => Named(request, one.Name))));
        On("GET", "firewalls", request => Page(request, "firewalls", Firewalls.Where(one => Named(request, one.Name))));
        On("GET", "volumes", request => Page(request, "volumes", Array.Empty<HetznerNamedEntry>()));
        On("GET", "pricing", _ => Ok(new { pricing = Pricing() }));
        On(
            "GET",
            "primary_ips",
            request =>
                Page(
                    request,
                    "primary_ips",
                    Addresses.Where(_ => !request.Query.ContainsKey("label_selector")).Select(View)
                )
        );
        On(
            "GET",
            "primary_ips/{id}",
            request =>
                Addresses.Find(ip => ip.Id == Id(request)) is { } one
                    ? Ok(new { primary_ip = View(one) })
                    : Missing("primary ip")
        );
        On("DELETE", "primary_ips/{id}", DeleteAddress);

        void On(string method, string path, Func<HttpRequest, Answer> handle) =>
            app.MapMethods($"/v1/{path}", [method], context => AnswerAsync(context, handle));
    }

    private async Task AnswerAsync(HttpContext context, Func<HttpRequest, Answer> handle)
    {
        Answer answer;
        lock (_world.Lock)
        {
            Settle();
            answer = Guard(context) ?? handle(context.Request);
            context.Response.Headers["RateLimit-Limit"] = $"{RequestsAnHour}";
            context.Response.Headers["RateLimit-Remaining"] = $"{(int)Left}";
            context.Response.Headers["RateLimit-Reset"] =
                $"{_world.Now.AddHours((RequestsAnHour - Left) / RequestsAnHour).ToUnixTimeSeconds()}";
            context.Response.Headers["X-Correlation-Id"] = $"{_world.NextId():x16}";
        }
        context.Response.StatusCode = answer.Status;
        if (answer.Body is null)
            return;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(JsonSerializer.Serialize(answer.Body, Snake));
    }

    /// <summary>Who asks, whether he may, and whether it is too often.</summary>
    private Answer? Guard(HttpContext context)
    {
        var token = context.Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal);
        if (token is not (Token or ReadOnlyToken))
            return Fault(401, "unauthorized", "unable to authenticate");
        Left = Math.Min(RequestsAnHour, Left + ((_world.Now - _refilled).TotalHours * RequestsAnHour));
        _refilled = _world.Now;
        if (Left < 1)
            return Fault(
                429,
                "rate_limit_exceeded",
                $"Limit of {RequestsAnHour} requests per hour reached for token '{token}'"
            );
        Left--;
        return token == ReadOnlyToken && !HttpMethods.IsGet(context.Request.Method)
            ? Fault(403, "token_readonly", "the token is only allowed to perform GET requests")
            : null;
    }

    /// <summary>What was due by now has its effect.</summary>
    private void Settle()
    {
        foreach (
            var work in _work
                .Where(work => work.Status == "running" && work.Due <= _world.Now)
                .OrderBy(work => work.Due)
                .ToList()
        )
        {
            work.Status = work.Error is null ? "success" : "error";
            if (work.Error is null)
                work.Effect();
        }
    }

    private Answer Create(HttpRequest request)
    {
        var body = Body(request);
        var name = Text(body, "name");
        var missing = ((string[])["name", "server_type", "image"]).Where(key => Text(body, key).Length == 0).ToList();
        if (missing.Count > 0)
            return Invalid("invalid input in fields " + string.Join(", ", missing), missing);
        if (body.TryGetProperty("datacenter", out _))
            return Invalid("unknown field datacenter", ["datacenter"]);
        if (!HostName().IsMatch(name))
            return Invalid("invalid input in field 'name'", ["name"]);
        if (Encoding.UTF8.GetByteCount(Text(body, "user_data")) > 32768)
            return Invalid("user_data is too long", ["user_data"]);
        if (Types.Find(type => type.Name == Text(body, "server_type")) is not { } type)
            return Missing("server type");
        var place = Text(body, "location") is { Length: > 0 } given ? given : type.Locations[0];
        if (!Places.Contains(place))
            return Missing("location");
        if (!type.Locations.Contains(place))
            return Invalid("unsupported location for server type", []);
        var images = Images
            .Where(image => $"{image.Id}" == Text(body, "image") || image.Name == Text(body, "image"))
            .ToList();
        if (images.Count == 0)
            return Missing("image");
        if (!images.Any(image => image.Architecture == type.Architecture))
            return Invalid("image architecture does not match the server type's", ["image"]);
        var keys = Strings(body, "ssh_keys");
        if (keys.FirstOrDefault(key => !Keys.Any(one => $"{one.Id}" == key || one.Name == key)) is not null)
            return Missing("ssh key");
        if (Servers.Any(server => server.Name == name))
            return Fault(409, "uniqueness_error", "server name is already used");
        if (Servers.Count() >= ServerLimit)
            return Fault(
                403,
                "resource_limit_exceeded",
                "server limit exceeded",
                new { limits = new[] { new { name = "server_limit" } } }
            );
        if (SoldOut.Contains((type.Name, place)) || _world.Faults.Draw($"placement {place}") is not null)
            return Fault(412, "resource_unavailable", "error during placement");

        var labels = body.TryGetProperty("labels", out var map) ? map.Deserialize<Dictionary<string, string>>()! : [];
        var server = NewServer(
            name,
            type.Name,
            place,
            Text(body, "image"),
            Text(body, "user_data"),
            labels,
            keys,
            "initializing"
        );
        _world.Machines.Add(server);
        var net = body.TryGetProperty("public_net", out var choice) ? choice : default;
        foreach (var four in (bool[])[true, false])
        {
            if (
                net.ValueKind is JsonValueKind.Object
                && net.TryGetProperty(four ? "enable_ipv4" : "enable_ipv6", out var on)
                && !on.GetBoolean()
            )
                continue;
            AddAddress(server, four);
        }
        var made = Begin(
            "create_server",
            server,
            CreateTakes,
            () =>
            {
                server.State = "off";
                _world.Bill.Start(Name, server.Id, type.Hourly, Currency, _world.Now, TimeSpan.FromHours(1));
                foreach (var ip in server.Addresses.Where(ip => ip.IsFour))
                    _world.Bill.Start(Name, $"ip {ip.Id}", Ipv4Hourly, Currency, _world.Now, TimeSpan.FromHours(1));
            }
        );
        var fails = _world.Faults.Draw("start_server") is not null;
        List<HetznerWork> next = [];
        foreach (var network in Numbers(body, "networks"))
            next.Add(
                Begin("attach_to_network", server, CreateTakes * 2, () => server.Networks.Add((network, "10.0.0.2")))
            );
        next.Add(
            Begin(
                "start_server",
                server,
                CreateTakes + StartTakes,
                () => Boot(server),
                fails ? "resource_unavailable" : null
            )
        );
        return new(
            201,
            new
            {
                server = View(server),
                action = View(made),
                next_actions = next.Select(View),
                root_password = keys.Count == 0 ? "s3cret-r00t" : null,
            }
        );
    }

    private void Boot(HetznerMachine server)
    {
        server.State = "running";
        if (server.Addresses.Find(ip => ip.IsFour) is { } four)
            _world.Real?.Start(server, four.Ip, () => ShutDownInside(server.Name));
    }

    private Answer Delete(HttpRequest request)
    {
        if (Server(request) is not { } server)
            return Missing("server");
        if (server.IsProtected)
            return Fault(423, "protected", "server deletion is protected");
        if (_work.Any(work => work.Server == server.Number && work.Status == "running"))
            return Fault(423, "locked", "server is locked");
        if (_world.Faults.Draw("delete_server") is not null)
            return Ok(new { action = View(Begin("delete_server", server, DeleteTakes, () => { })) }); // accepted, and not done
        server.State = "deleting";
        return Ok(
            new
            {
                action = View(
                    Begin(
                        "delete_server",
                        server,
                        DeleteTakes,
                        () =>
                        {
                            server.Gone = _world.Now;
                            _world.Real?.Stop(server);
                            _world.Bill.Stop(Name, server.Id, _world.Now);
                            foreach (var ip in server.Addresses)
                            {
                                ip.Assignee = null;
                                if (_world.Faults.Draw("primary_ip stays") is null)
                                    Forget(ip);
                            }
                        }
                    )
                ),
            }
        );
    }

    private Answer DeleteAddress(HttpRequest request)
    {
        if (Addresses.Find(ip => ip.Id == Id(request)) is not { } ip)
            return Missing("primary ip");
        if (ip.Assignee is not null)
            return Fault(422, "must_be_unassigned", "primary ip must be unassigned");
        Forget(ip);
        return new(204, null);
    }

    private void Forget(HetznerIp ip)
    {
        Addresses.Remove(ip);
        _world.Bill.Stop(Name, $"ip {ip.Id}", _world.Now);
    }

    private Answer Relabel(HttpRequest request)
    {
        if (Server(request) is not { } server)
            return Missing("server");
        var body = Body(request);
        if (body.TryGetProperty("labels", out var labels))
            server.Labels = labels.Deserialize<Dictionary<string, string>>()!;
        if (Text(body, "name") is { Length: > 0 } name)
            server.Name = name;
        return Ok(new { server = View(server) });
    }

    private Answer Asked(HttpRequest request)
    {
        var ids = request.Query["id"].Select(id => long.Parse(id!, CultureInfo.InvariantCulture)).ToHashSet();
        return ids.Count is 0 or > 25
            ? Invalid("the list of actions demands ids", ["id"])
            : Page(request, "actions", _work.Where(work => ids.Contains(work.Id)).Select(View));
    }

    private Answer AddKey(HttpRequest request)
    {
        var body = Body(request);
        var (name, content) = (Text(body, "name"), Text(body, "public_key"));
        if (content.Split(' ') is not [_, var blob, ..])
            return Invalid("invalid public key", ["public_key"]);
        var fingerprint = FingerprintOf(blob);
        if (Keys.Any(key => key.Name == name || key.Fingerprint == fingerprint))
            return Fault(409, "uniqueness_error", "SSH key with the same fingerprint already exists");
        var labels = body.TryGetProperty("labels", out var map) ? map.Deserialize<Dictionary<string, string>>()! : [];
        var added = new HetznerKeyEntry(_world.NextId(), name, content, fingerprint, labels);
        Keys.Add(added);
        return new(201, new { ssh_key = View(added) });
    }

    private static string FingerprintOf(string blob)
    {
#pragma warning disable CA5351 // as the provider does it
        return string.Join(':', MD5.HashData(Convert.FromBase64String(blob)).Select(one => $"{one:x2}"));
#pragma warning restore CA5351
    }

    private HetznerMachine NewServer(
        string name,
        string type,
        string place,
        string image,
        string userData,
        IReadOnlyDictionary<string, string> labels,
        IReadOnlyList<string> keys,
        string state
    )
    {
        var number = _world.NextId();
        return new()
        {
            Provider = Name,
            Id = $"{number}",
            Number = number,
            Name = name,
            Type = type,
            Place = place,
            Image = image,
            Created = _world.Now,
            State = state,
            UserData = userData,
            Labels = labels,
            Keys = keys,
        };
    }

    private void AddAddress(HetznerMachine server, bool four)
    {
        var number = _world.NextId();
        var ip = new HetznerIp
        {
            Id = number,
            IsFour = four,
            Ip = four ? $"198.18.{number / 250 % 250}.{(number % 250) + 1}" : $"2001:db8:{number % 65536:x}:1::/64",
            Assignee = server.Number,
        };
        Addresses.Add(ip);
        server.Addresses.Add(ip);
    }

    private HetznerWork Begin(
        string command,
        HetznerMachine server,
        TimeSpan takes,
        Action effect,
        string? error = null
    )
    {
        var work = new HetznerWork
        {
            Id = _world.NextId(),
            Command = command,
            Server = server.Number,
            Due = _world.Now + takes,
            Effect = effect,
            Error = error,
        };
        _work.Add(work);
        return work;
    }

    private IEnumerable<HetznerMachine> Found(HttpRequest request) =>
        Servers
            .Where(server => Named(request, server.Name))
            .Where(server => LabelSelector.Fits(request.Query["label_selector"].ToString(), server.Labels))
            .OrderBy(server => server.Number);

    private IEnumerable<HetznerKeyEntry> KeysFound(HttpRequest request) =>
        Keys.Where(key => Named(request, key.Name))
            .Where(key => LabelSelector.Fits(request.Query["label_selector"].ToString(), key.Labels))
            .Where(key =>
                request.Query["fingerprint"].ToString() is "" or null || request.Query["fingerprint"] == key.Fingerprint
            );

    private IEnumerable<HetznerImageEntry> ImagesFound(HttpRequest request) =>
        Images
            .Where(image =>
                request.Query["type"].ToString() switch
                {
                    "snapshot" => image.Name is null,
                    "system" => image.Name is not null,
                    _ => true,
                }
            )
            .Where(image => image.Name is null || Named(request, image.Name));

    private HetznerMachine? Server(HttpRequest request) =>
        Servers.FirstOrDefault(server => server.Number == Id(request));

    private static bool Named(HttpRequest request, string name) =>
        request.Query["name"].ToString() is not { Length: > 0 } wanted || wanted == name;

    private static long Id(HttpRequest request) =>
        long.TryParse(request.RouteValues["id"] as string, CultureInfo.InvariantCulture, out var id) ? id : 0;

    private static JsonElement Body(HttpRequest request)
    {
        return JsonDocument.Parse(((MemoryStream)request.Body).ToArray()).RootElement;
    }

    private static string Text(JsonElement body, string key) =>
        body.TryGetProperty(key, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";

    private static IReadOnlyList<string> Strings(JsonElement body, string key) =>
        body.TryGetProperty(key, out var list) ? [.. list.EnumerateArray().Select(one => one.ToString())] : [];

    private static IEnumerable<long> Numbers(JsonElement body, string key) =>
        body.TryGetProperty(key, out var list) ? list.EnumerateArray().Select(one => one.GetInt64()) : [];

    private static Answer Ok(object body) => new(200, body);

    private static Answer Missing(string what) => Fault(404, "not_found", $"{what} not found");

    private static Answer Invalid(string message, IReadOnlyList<string> fields) =>
        Fault(
            422,
            "invalid_input",
            message,
            new { fields = fields.Select(name => new { name, messages = new[] { "is invalid" } }) }
        );

    private static Answer Fault(int status, string code, string message, object? details = null) =>
        new(
            status,
            new
            {
                error = new
                {
                    code,
                    message,
                    details,
                },
            }
        );

    private sealed record Answer(int Status, object? Body);

    [GeneratedRegex(@"\A[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?\z")]
    private static partial Regex HostName();
}
