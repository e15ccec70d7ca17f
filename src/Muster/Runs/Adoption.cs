using System.Text.Json;
using System.Text.RegularExpressions;
using Muster.Shell;
using Muster.Sites;

namespace Muster.Runs;

/// <summary>
/// The runs that lie on a site, for a machine that does not know them yet. Whoever can write there may have written
/// their plans, so
/// each is checked like input from the network: what names a folder or a host here, what is counted, what is shown by
/// its form.
/// </summary>
public sealed partial class Adoption(OpenSite site)
{
    private const int MostRanks = 10_000;
    private static readonly TimeSpan MostTime = TimeSpan.FromDays(3_650);

    /// <summary>A plan that fits this site, or why the one in that folder does not.</summary>
    public sealed record Found(string Folder, RunPlan? Plan, string? Why);

    public async Task<IReadOnlyList<Found>> LookAsync(CancellationToken ct)
    {
        var found = new List<Found>();
        foreach (var host in site.IsHere ? [null] : site.HostNames.Cast<string?>())
        {
            foreach (
                var text in (await new RunFolder(site.HostOf(host), site.Root).PlansAsync(ct)).Split(
                    '\0',
                    StringSplitOptions.RemoveEmptyEntries
                )
            )
            {
                var end = text.IndexOf('\n');
                if (end > 0)
                    found.Add(Read(text[..end], text[(end + 1)..], host));
            }
        }
        return found;
    }

    private Found Read(string folder, string text, string? host)
    {
        RunPlan? plan;
        try
        {
            plan = JsonSerializer.Deserialize(text, RunJson.Default.RunPlan);
        }
        catch (JsonException)
        {
            return new(
                folder,
                null,
                text.Length == 0 ? "its run.json is too large" : "its run.json is not one that this version reads"
            );
        }
        if (plan is { Version: > RunPlan.Newest and var version })
        {
            return new(
                folder,
                null,
                "a newer version of Muster submitted it "
                    + $"(plan version {version}; this one reads up to {RunPlan.Newest})"
            );
        }
        if (plan is null || Mistake(plan, folder) is not { } why)
        {
            // The plan was written where the site may have had another name. Nothing that it names is executed here.
            return new(
                folder,
                plan is null
                    ? null
                    : plan with
                    {
                        AfterFetch = [],
                        Site = site.Site.Name,
                        Host = plan.Hosts().Count > 1 ? plan.Host : host,
                    },
                null
            );
        }
        return new(folder, null, why);
    }

    private string? Mistake(RunPlan plan, string folder)
    {
        // Required or not, each may be null in a file.
        if (plan.Name is null || !RunNames.IsWellFormed(plan.Name))
            return $"its name is '{SafeText.OneLine(plan.Name ?? "")}'";
        if (plan.Series is { } series && !RunNames.IsWellFormed(series))
            return $"its name is '{SafeText.OneLine(series)}'";
        if (folder != plan.Id.ToString() && !folder.StartsWith($"{plan.Id}.", StringComparison.Ordinal))
            return $"it says that it is {plan.Id}";
        if (!plan.Id.HasTime)
            return "its id holds no time";
        if (
            plan.WorkingFolder is null
            || plan.Folder is null
            || plan.Folder.Split('/').Contains("..")
            || plan.Folder.StartsWith('/')
        )
            return "its folder is not below its code";
        if (
            !AreWhole(
                plan.Command,
                plan.Setup,
                plan.JobLines,
                plan.EnvironmentNames,
                [.. plan.Environment.Values],
                plan.Outputs,
                plan.BatchLines,
                plan.Inputs,
                plan.Ports,
                plan.Companions,
                plan.Images,
                plan.Roles,
                plan.After,
                plan.HostChoices,
                plan.ArrayParts
            )
        )
            return "a list in its run.json is not whole";
        if (plan.Outputs.Any(pattern => pattern.StartsWith('/') || pattern.Split('/').Contains("..")))
            return "an output of it is not below its code";
        if (plan.Inputs.Any(input => input.Path is null || input.Name is null || !RunNames.IsWellFormed(input.Name)))
            return "an input of it has no proper name";
        if (plan.BatchLines.Any(line => !line.StartsWith("#SBATCH ", StringComparison.Ordinal)))
            return "an option of sbatch in it is not one";
        if (
            plan.Ports.Any(port =>
                port.Name is null || !PortNames().IsMatch(port.Name) || port.Number is < 1 or > 65535
            )
        )
            return "a port of it has no proper name or number";
        if (
            plan.Companions.Any(companion => companion.Name is null)
            || plan.Images.Any(image => image.Image is null || image.Runtime is null)
        )
            return "a part of its run.json is not whole";
        if (new[] { plan.Time, plan.Stay, plan.ReadyWithin }.Any(time => time < TimeSpan.Zero || time > MostTime))
            return "a time in it is out of range";
        if (new[] { plan.Cpus, plan.Memory, plan.Gpus }.Any(wanted => wanted < 0))
            return "what it takes of its host is out of range";
        if (plan.Retry is { } retry && (retry.Times is < 0 or > 1000 || retry.On is null))
            return "its retries are out of range";
        if (plan.Queue is { } queue && !SiteNames.IsRemotePath(queue))
            return "its line is no folder";
        if (
            plan.Array is { } array
            && (
                array.Text is null
                || array.Indices is not { Count: > 0 and <= MostRanks }
                || array.Indices.Any(index => index < 0)
            )
        )
            return "its array is out of range";
        if (
            plan.ArrayParts.Count > 0
            && (
                plan.ArrayParts.Any(part => part.Host is null || part.Indices is not { Count: > 0 })
                || plan.ArrayParts.Select(part => part.Host).Distinct().Count() < plan.ArrayParts.Count
                || plan.ArrayParts[0].Host != plan.Host
                || !plan.ArrayParts.SelectMany(part => part.Indices).Order().SequenceEqual(plan.Array?.Indices ?? [])
            )
        )
            return "the parts of its array are not the whole";
        return RolesMistake(plan);
    }

    private string? RolesMistake(RunPlan plan)
    {
        if (
            plan.Roles.Any(role =>
                role.Name is null
                || !RoleNames().IsMatch(role.Name)
                || role.Size is < 1 or > MostRanks
                || role.Working < 0
                || role.Working > role.Size
                || !AreWhole(role.Hosts, role.Lines)
            )
        )
            return "a role of it has no proper name or size";
        if (
            plan.Roles.Sum(role => role.Size) > MostRanks
            || plan.Roles.Select(role => role.Name).Distinct().Count() < plan.Roles.Count
        )
            return "its roles are out of range";
        // A host's name becomes a word of ssh and the name of a folder here.
        if (
            plan
                .Roles.SelectMany(role => role.Hosts)
                .Append(plan.Roles.Any(role => role.Hosts.Count > 0) ? plan.Host : null)
                .Concat(plan.ArrayParts.Select(part => part.Host))
                .OfType<string>()
                .Except(site.HostNames)
                .FirstOrDefault() is
            { } stranger
        )
            return $"it ran on {SafeText.OneLine(stranger)}, which is not a host of {site.Site.Name}";
        return plan.Roles.Any(role => role.Hosts.Count > 0) && plan.Host is null ? "its first host is missing" : null;
    }

    private static bool AreWhole(params IReadOnlyList<IReadOnlyList<object>?> lists) =>
        lists.All(list => list is not null && list.All(item => item is not null));

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9.-]{0,30}\z")]
    private static partial Regex PortNames();

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,30}\z")]
    private static partial Regex RoleNames();
}
