using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Muster.Gateway.Model;
using Muster.Gateway.Scaling;
using Muster.NodeOdm;
using Muster.Sites.Scaling;

namespace Muster.Gateway.Admin;

/// <summary>Machines that sites give: which there are, what they cost, and why there are no more.</summary>
internal sealed class AdminMachines(MachineBook machines, Scaler? scaler, TimeProvider clock)
{
    public const int MostGone = 20;

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(
                "/machines",
                JsonAnswer<MachineList> (HttpRequest request) =>
                    OdmAnswers.Json(
                        List((int)Numbers.In(request.Query, "gone", MostGone, 0, 10_000)),
                        AdminJson.Plain.MachineList
                    )
            )
            .WithDescription("machines that sites give, the last ones that are gone (gone), pools and cost");
        api.MapDelete("/machines/{machine}", GiveBackAsync)
            .WithDescription("gives it no new tasks, and gives it back when it has none");
    }

    public MachineList List(int gone) =>
        new(
            1,
            [.. machines.Live.Select(View), .. machines.All.Where(machine => !machine.IsLive).Take(gone).Select(View)],
            [.. (scaler?.Settings.Pools ?? []).Select(View)],
            SpentView.Of(machines.Spent(), scaler?.Settings.Budget)
        );

    /// <summary>By its id, the beginning of it, or its name.</summary>
    public Machine? Find(string text) =>
        Guid.TryParse(text, out var id) ? machines.Find(id)
        : machines.Live.Where(machine => machine.Name == text || machine.Node == text).ToList() is [var one] ? one
        : null;

    private async Task<Results<JsonAnswer<MachineList>, Refused>> GiveBackAsync(string machine)
    {
        machine = AdminApi.NameIn(machine);
        if (scaler is null || Find(machine) is not { } known || !await scaler.GiveBackAsync(known.Id, AdminApi.By))
            return new Refused(
                StatusCodes.Status404NotFound,
                $"there is no machine {machine}",
                $"GET {AdminApi.Root}/machines lists them; name one by its id or its name."
            );
        return OdmAnswers.Json(
            new MachineList(1, [View(machines.Find(known.Id)!)], [], SpentView.Of(machines.Spent(), null)),
            AdminJson.Plain.MachineList
        );
    }

    private MachineEntry View(Machine machine)
    {
        var now = clock.GetUtcNow();
        return new(
            machine.Id,
            machine.Name,
            machine.Site,
            machine.State.ToString().ToLowerInvariant(),
            machine.Why,
            machine.Node,
            machine.Slots,
            machine.Asked,
            machine.Since
        )
        {
            Images = machine.Size.Images,
            Cpus = machine.Size.Cpus,
            Gpus = machine.Size.Gpus,
            Memory = machine.Size.Memory,
            Price = machine.Size.Price > 0 ? machine.Size.Price : null,
            Cost = machine.Size.Price > 0 ? MachineBook.Cost(machine, DateTimeOffset.MinValue, now) : null,
            Began = machine.Began,
            Ends = machine.Ends,
            IdleSince = machine.IdleSince,
            Gone = machine.Gone,
        };
    }

    private PoolEntry View(ScalePool pool)
    {
        var live = machines.Live.Where(machine => machine.Site == pool.Site).ToList();
        var rest = scaler!.Resting(pool.Site);
        return new(
            pool.Site,
            pool.Most,
            pool.Least,
            live.Count(machine => machine.State is MachineState.Ready),
            live.Count(machine => machine.IsComing)
        )
        {
            RestingUntil = rest?.Until,
            RestingWhy = rest?.Why,
            Hours = pool.Hours?.ToString(),
        };
    }
}

/// <summary>A machine for people and pages. The token of its node stays here.</summary>
/// <param name="State">asked, queued, booting, ready, draining, ending, gone.</param>
public sealed record MachineEntry(
    Guid Id,
    string Name,
    string Site,
    string State,
    string Why,
    string Node,
    int Slots,
    DateTimeOffset Asked,
    DateTimeOffset Since
)
{
    public int? Images { get; init; }
    public int? Cpus { get; init; }
    public int? Gpus { get; init; }
    public long? Memory { get; init; }

    /// <summary>In an hour.</summary>
    public decimal? Price { get; init; }

    /// <summary>Until now.</summary>
    public decimal? Cost { get; init; }
    public DateTimeOffset? Began { get; init; }
    public DateTimeOffset? Ends { get; init; }
    public DateTimeOffset? IdleSince { get; init; }
    public DateTimeOffset? Gone { get; init; }
}

/// <summary>A site that gives machines.</summary>
public sealed record PoolEntry(string Site, int Max, int Min, int Ready, int Coming)
{
    /// <summary>It gives none before then.</summary>
    public DateTimeOffset? RestingUntil { get; init; }
    public string? RestingWhy { get; init; }
    public string? Hours { get; init; }
}

/// <summary>What machines have cost, and what they may.</summary>
public sealed record SpentView(decimal Hour, decimal Day, decimal Month)
{
    public decimal? HourBudget { get; init; }
    public decimal? DayBudget { get; init; }
    public decimal? MonthBudget { get; init; }

    public static SpentView Of(Spending spent, ScaleBudget? budget) =>
        new(Rounded(spent.Hour), Rounded(spent.Day), Rounded(spent.Month))
        {
            HourBudget = budget?.Hour,
            DayBudget = budget?.Day,
            MonthBudget = budget?.Month,
        };

    private static decimal Rounded(decimal amount) => decimal.Round(amount, 4);
}

public sealed record MachineList(
    int Schema,
    IReadOnlyList<MachineEntry> Machines,
    IReadOnlyList<PoolEntry> Pools,
    SpentView Spent
);

/// <summary>Where a task is and what it waits for.</summary>
/// <param name="Why">In words.</param>
/// <param name="Events">What was decided about it, from the first to the last.</param>
public sealed record TaskWhy(
    int Schema,
    Guid Id,
    string Name,
    string State,
    string Why,
    IReadOnlyList<GatewayEvent> Events
)
{
    public int? Position { get; init; }
}
