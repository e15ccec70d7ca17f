using System.Globalization;
using Muster.Faults;
using Muster.Sites.Clouds;

namespace Muster.Sites.Doctor;

/// <summary>
/// All that is wrong with a cloud site, what it costs, and what becomes of a machine that nobody ends.
/// </summary>
public static class CloudFindings
{
    /// <summary>Most hours of a month.</summary>
    private const int HoursAMonth = 31 * 24;

    /// <summary>The credentials may come from a chain of places that takes long to fail.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<IReadOnlyList<Finding>> ForAsync(CloudSite site, TimeProvider clock, CancellationToken ct)
    {
        var settings = site.Cloud;
        var found = new List<Finding>(Files(settings));
        using var limit = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            using var cloud = CloudProviders.Open(settings, clock);
            var said = await cloud.CheckAsync(either.Token);
            found.AddRange(
                said.Select(one => new Finding(one.IsError ? Mark.Bad : Mark.Warn, "provider", one.What, one.Fix))
            );
            if (!said.Any(one => one.IsError))
            {
                found.Add(new(Mark.Ok, "provider", "accepts what the site asks for"));
                found.AddRange(Costs(settings, await cloud.PricesAsync(either.Token)));
            }
        }
        catch (UserException fault)
        {
            found.Add(new(Mark.Bad, "provider", fault.Message, fault.Fix));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            found.Add(
                new(
                    Mark.Bad,
                    "provider",
                    $"did not answer within {Patience.TotalSeconds:0} s",
                    "Check this machine's network and the provider's status page."
                )
            );
        }
        found.Add(Lease(settings));
        return found;
    }

    private static IEnumerable<Finding> Files(CloudSettings settings)
    {
        if (settings.SshKeyFile is { } key && !File.Exists(key))
            yield return new(
                Mark.Bad,
                "ssh key",
                $"{key} is not there",
                "Make it with ssh-keygen, or leave out `ssh-key-file`: then Muster makes one."
            );
        foreach (var secret in settings.Secrets.Where(secret => File.Exists(secret.Source)))
        {
            if (
                !OperatingSystem.IsWindows()
                && (File.GetUnixFileMode(secret.Source) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead))
                    is not UnixFileMode.None
            )
                yield return new(
                    Mark.Warn,
                    "secret",
                    $"other users can read {secret.Source}",
                    $"chmod 600 {secret.Source}"
                );
        }
    }

    private static IEnumerable<Finding> Costs(CloudSettings settings, IReadOnlyList<CloudPrice> prices)
    {
        // A cluster has no bill, unless somebody says what it costs.
        if (settings is { Kube: not null, Price: null })
            yield break;
        foreach (var type in settings.Machines.Select(size => size.Type).Distinct())
        {
            var own = prices.Where(price => price.IsOf(type)).ToList();
            if (own.Count == 0)
            {
                yield return new(
                    Mark.Warn,
                    "price",
                    $"what {type} costs is not known",
                    "Set `price` and `currency`; without a price no budget can be kept."
                );
                continue;
            }
            foreach (var group in own.GroupBy(price => (price.PerHour, price.Currency)))
            {
                var first = group.First();
                var places = string.Join(", ", group.Select(price => price.Place).Where(place => place.Length > 0));
                yield return new(
                    Mark.Ok,
                    "price",
                    $"{type}: {Money(first.PerHour, first.Currency)} an hour{(places.Length > 0 ? $" in {places}" : "")}; "
                        + $"a first machine costs at least {Money(Least(first), first.Currency)}"
                );
            }
        }
        if (prices.Count == 0)
            yield break;

        var dearest = prices.MaxBy(price => price.PerHour)!;
        var hour = dearest.PerHour * settings.Limit;
        var month =
            Math.Min(dearest.PerHour * HoursAMonth, dearest.Unit.MonthlyCap ?? decimal.MaxValue) * settings.Limit;
        var most =
            $"{settings.Limit} machines cost up to {Money(hour, dearest.Currency)} an hour and "
            + $"{Money(month, dearest.Currency)} a month";
        var (budgetHour, budgetMonth) = (settings.Budget.Hour, settings.Budget.Month);
        if (settings.Budget is { Hour: null, Day: null, Month: null })
            yield return new(
                Mark.Warn,
                "budget",
                $"none is set; {most}",
                "Set `budget`, such as: budget: { month: 50 }"
            );
        else if (hour > budgetHour || month > budgetMonth)
            yield return new(Mark.Ok, "budget", $"{most}; the budget ends it before");
        else
            yield return new(Mark.Ok, "budget", most);
    }

    /// <summary>What a machine costs that is made and ended at once.</summary>
    private static decimal Least(CloudPrice price)
    {
        var (step, least) = (price.Unit.Step, price.Unit.Least);
        var charged = step > least ? step : least;
        return Math.Max(price.PerHour * charged.Ticks / TimeSpan.TicksPerHour, price.Unit.LeastCost);
    }

    private static Finding Lease(CloudSettings settings)
    {
        var ends = $"a machine that nobody renews switches itself off after {settings.Lease.TotalMinutes:0} min";
        if (settings.Kube is not null)
            return new(
                Mark.Ok,
                "lease",
                $"a pod that nobody renews ends after {settings.Lease.TotalMinutes:0} min, and any after "
                    + $"{settings.MaxLife.TotalHours:0} h"
            );
        return settings.Provider is CloudProvider.Aws ? new(Mark.Ok, "lease", $"{ends}, which ends its bill")
            : settings.GiveBack is not null ? new(Mark.Ok, "lease", $"{ends}, and deletes itself")
            : new(
                Mark.Warn,
                "lease",
                $"{ends}, but is billed until somebody deletes it",
                settings.Provider is CloudProvider.Exec
                    ? "Have `destroy` called from a second machine too, or watch the provider's console."
                    : "Set `give-back` to a file with a token of a project that holds nothing else."
            );
    }

    private static string Money(decimal amount, string currency) =>
        string.Create(CultureInfo.InvariantCulture, $"{amount:0.####} {currency}");
}
