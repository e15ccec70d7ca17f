using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Muster.Shell;

namespace Muster.Sites.Clouds.Exec;

/// <summary>
/// Any provider, through three commands of the user's: <c>create</c>, <c>list</c> and <c>destroy</c>. What they do not
/// say in so many words is not taken for granted.
/// </summary>
public sealed class ExecCloud(CloudSettings settings, Redactor redactor, TimeProvider clock) : ICloud
{
    public static readonly TimeSpan CreatePatience = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan ListPatience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan DestroyPatience = TimeSpan.FromMinutes(10);
    private static readonly Dictionary<string, CloudFault> Faults = Enum.GetValues<CloudFault>()
        .ToDictionary(fault => JsonNamingPolicy.KebabCaseLower.ConvertName($"{fault}"));
    private readonly ExecCommand _command = new(settings, clock);

    /// <summary>Whose machines were asked for last.</summary>
    private volatile string? _fleet;

    public async Task<CreateAnswer> CreateAsync(MachineOrder order, CancellationToken ct)
    {
        _fleet = order.Fleet;
        var body = new ExecCreate
        {
            Order = order.Id.ToString("N"),
            Name = order.Name,
            Fleet = order.Fleet,
            Labels = CloudMarks.Labels(order),
            Until = order.Until,
            Type = order.Type,
            Place = order.Place,
            Image = order.Image,
            DiskGb = order.DiskGb,
            Spot = order.Spot,
            SshPublicKey = order.PublicKey,
            UserData = order.UserData,
            Options = settings.Options,
        };
        try
        {
            var made = await AskAsync(
                settings.Create,
                body,
                ExecWire.Default.ExecCreate,
                ExecWire.Default.ExecMachine,
                CreatePatience,
                ct
            );
            return made.Id is { Length: > 0 }
                ? new CreateAnswer.Made(
                    MachineOf(made with { Order = body.Order, Name = made.Name ?? order.Name }, order.Fleet, order)
                )
                : new CreateAnswer.Doubtful($"{Shown(settings.Create)} succeeded, and its answer names no `id`");
        }
        catch (CloudException fault)
        {
            return CreateAnswer.After(fault);
        }
    }

    public async Task<FindAnswer> FindAsync(MachineOrder order, CancellationToken ct)
    {
        try
        {
            var listing = await ListAsync(order.Fleet, [], ct);
            return listing.Machines.FirstOrDefault(machine => machine.Order == order.Id) is { } machine
                ? new FindAnswer.Made(machine)
                : new FindAnswer.Absent();
        }
        catch (CloudException fault)
        {
            return new FindAnswer.Unknown(fault);
        }
    }

    /// <summary>Only a complete list can say that a machine is gone, and a list is of a fleet.</summary>
    public async Task<CloudMachine?> GetAsync(string place, string id, CancellationToken ct) =>
        (
            await AllAsync(_fleet ?? throw Fault(CloudFault.Busy, "no list of machines was read yet"), ct)
        ).Machines.FirstOrDefault(machine => machine.Id == id);

    /// <summary>What a command lists beside our own machines is none of our business.</summary>
    public async Task<CloudListing> ListAsync(string fleet, IReadOnlyCollection<string> alsoIn, CancellationToken ct)
    {
        _fleet = fleet;
        var all = await AllAsync(fleet, ct);
        return all with { Machines = [.. all.Machines.Where(machine => machine.Fleet == fleet)] };
    }

    public async Task<bool> DestroyAsync(CloudMachine machine, CancellationToken ct)
    {
        try
        {
            var answer = await AskAsync(
                settings.Destroy,
                new(machine.Id, machine.Name, machine.Order?.ToString("N")),
                ExecWire.Default.ExecDestroy,
                ExecWire.Default.ExecGone,
                DestroyPatience,
                ct
            );
            return answer.Gone is true;
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone)
        {
            return true;
        }
    }

    public Task<string?> ConsoleAsync(string place, string id, CancellationToken ct) => Task.FromResult<string?>(null);

    /// <summary>The configuration's price; a machine's own stands in <see cref="CloudMachine.Price"/>.</summary>
    public Task<IReadOnlyList<CloudPrice>> PricesAsync(CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<CloudPrice>>(
            settings.Price is not { } price
                ? []
                :
                [
                    .. from type in settings.Machines.Select(size => size.Type).Distinct()
                    from place in settings.Places.DefaultIfEmpty("")
                    select PriceOf(type, place, price, settings.Currency),
                ]
        );

    public async Task<IReadOnlyList<CloudFinding>> CheckAsync(CancellationToken ct)
    {
        try
        {
            await AllAsync(new string('0', 12), ct);
            return [];
        }
        catch (CloudException fault)
        {
            return [new(true, fault.Message, fault.Fix)];
        }
    }

    public void Dispose() { }

    private async Task<CloudListing> AllAsync(string fleet, CancellationToken ct)
    {
        var listing = await AskAsync(
            settings.List,
            new(fleet),
            ExecWire.Default.ExecList,
            ExecWire.Default.ExecListing,
            ListPatience,
            ct
        );
        if (
            listing is not { Complete: true, Machines: { } machines }
            || machines.Any(machine => machine.Id is not { Length: > 0 })
        )
            throw Fault(CloudFault.Upstream, $"the answer of {Shown(settings.List)} is not complete");
        return new(
            [.. machines.Select(machine => MachineOf(machine, fleet, null))],
            [
                .. (listing.Leftovers ?? [])
                    .Where(part => part.Id is { Length: > 0 })
                    .Select(part => new CloudPart(part.Kind ?? "part", part.Id!, "", part.Name)),
            ]
        );
    }

    private async Task<TOut> AskAsync<TIn, TOut>(
        IReadOnlyList<string> command,
        TIn body,
        JsonTypeInfo<TIn> inForm,
        JsonTypeInfo<TOut> outForm,
        TimeSpan patience,
        CancellationToken ct
    )
        where TOut : class
    {
        var result = await _command.RunAsync(command, JsonSerializer.SerializeToUtf8Bytes(body, inForm), patience, ct);
        if (result is null)
        {
            throw new CloudException(
                CloudFault.BadOrder,
                $"{Shown(command)} cannot be started",
                $"Check that it is there and executable, as seen from {settings.Folder}."
            )
            {
                NeverSent = true,
            };
        }
        if (result.Code is 0)
            return Read(result.Output, outForm)
                ?? throw Fault(CloudFault.Upstream, $"{Shown(command)} printed no JSON document");

        var told = Read(result.Output, ExecWire.Default.ExecFault);
        var how = result.Code is { } code ? $"ended with exit code {code}" : "was ended";
        var words = told?.Message ?? LastLine(result.Said);
        var message = $"{Shown(command)} {how}{(words.Length == 0 ? "" : $": {words}")}";
        // A word that is not known leaves open what happened.
        var fault = Faults.GetValueOrDefault(told?.Fault ?? "", CloudFault.Upstream);
        throw Fault(
            fault,
            message,
            told?.Fault,
            fault is CloudFault.Throttled
                ? clock.GetUtcNow().AddSeconds(told?.RetryAfter is > 0 and < 3600 and var wait ? wait : 60)
                : null
        );
    }

    private CloudException Fault(CloudFault fault, string message, string? code = null, DateTimeOffset? until = null) =>
        new(
            fault,
            redactor.Clean(SafeText.OneLine(message)),
            fault is CloudFault.Upstream
                ? $"Run it by hand in {settings.Folder}; docs/scaling.md says what it gets and has to print."
                : CloudFixes.For(fault, settings, "whatever your commands need"),
            code
        )
        {
            Until = until,
        };

    private static T? Read<T>(byte[] text, JsonTypeInfo<T> form)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(text, form);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private CloudMachine MachineOf(ExecMachine machine, string fleet, MachineOrder? order)
    {
        var type = machine.Type ?? order?.Type ?? "";
        var place = machine.Place ?? order?.Place ?? "";
        var id = Guid.TryParse(machine.Order, CultureInfo.InvariantCulture, out var known) ? known : (Guid?)null;
        return new()
        {
            Id = machine.Id!,
            Name = machine.Name ?? "",
            Place = place,
            Type = type,
            Word = machine.State ?? "",
            State = machine.State switch
            {
                "starting" => CloudState.Starting,
                "running" => CloudState.Running,
                "stopping" => CloudState.Stopping,
                "stopped" => CloudState.Stopped,
                "deleting" => CloudState.Deleting,
                "broken" => CloudState.Broken,
                _ => CloudState.Unclear,
            },
            Created = machine.Created,
            PublicAddress = machine.Address,
            // One without an order of ours may be anybody's.
            Fleet = machine.Fleet ?? (id is null ? null : fleet),
            Order = id,
            Until = machine.Until ?? order?.Until,
            Price = machine.PricePerHour is { } price ? PriceOf(type, place, price, machine.Currency) : null,
        };
    }

    private CloudPrice PriceOf(string type, string place, decimal price, string? currency) =>
        new(type, place, price, currency ?? settings.Currency ?? "USD", new(TimeSpan.FromSeconds(1), TimeSpan.Zero));

    private static string Shown(IReadOnlyList<string> command) => $"`{string.Join(' ', command)}`";

    private static string LastLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "";
}
