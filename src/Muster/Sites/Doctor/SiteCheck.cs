using System.Diagnostics;
using System.Globalization;
using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites.Doctor;

/// <summary>Learns what there is to know of a site's hosts: two remote commands a host, over one connection.</summary>
public sealed class SiteCheck(OpenSite site, TimeProvider clock)
{
    private const int Echoes = 4;

    /// <summary>How long a host may take for everything.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private int _commands;

    public async Task<(IReadOnlyList<HostFacts> Hosts, SiteBudget Budget)> RunAsync(CancellationToken ct)
    {
        string?[] names = site.IsHere ? [null] : [.. site.HostNames];
        var started = await Task.WhenAll(names.Select(name => RouteAsync(name, ct)));
        var hosts = await Task.WhenAll(started.Select((host, i) => LookAsync(names[i], host, started, ct)));
        var asked = (int)
            hosts.Sum(host =>
                host.Values["scheduler_commands"].Sum(count => int.Parse(count, CultureInfo.InvariantCulture))
            );
        var spent = 0;
        if (site.Desk(names[0]) is { } desk)
        {
            await desk.NoteAsync(asked, ct);
            spent = await desk.SpentAsync(ct);
        }
        return (
            hosts,
            new(
                names
                    .OfType<string>()
                    .ToDictionary(name => name, name => ((OpenSshHost)site.HostOf(name)).ConnectionsOpened),
                _commands,
                site.Site.HasScheduler ? spent : null
            )
        );
    }

    private async Task<HostFacts> RouteAsync(string? name, CancellationToken ct)
    {
        if (name is null)
            return new("this machine");
        var facts = new HostFacts(name);
        try
        {
            return facts with { Route = await ((OpenSshHost)site.HostOf(name)).RouteAsync(ct) };
        }
        catch (UserException fault)
        {
            return facts with { Trouble = new((fault as HostUnreachableException)?.Fault, fault.Message, fault.Fix) };
        }
    }

    private async Task<HostFacts> LookAsync(
        string? name,
        HostFacts facts,
        IReadOnlyList<HostFacts> all,
        CancellationToken ct
    )
    {
        if (facts.Trouble is not null)
            return facts;
        using var limit = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var connected = false;
        try
        {
            var host = site.HostOf(name);
            if (host is OpenSshHost ssh)
                await ssh.ConnectAsync(either.Token);
            connected = true;
            var (first, echoed) = await EchoAsync(host, facts, either.Token);
            var peers = site.Site is SshSite { CheckPairs: true }
                ? all.Where(other => other.Name != facts.Name && other.Route is not null)
                    .SelectMany(other => (string[])[other.Name, other.Route!.Address, $"{other.Route.Port}"])
                : [];
            var script = ShellText.Script(
                "Sites/Doctor/check.sh",
                [site.Root, site.Site.HasScheduler ? "slurm" : "", Partition.Format, .. peers]
            );
            // The script says over which connection it came, for comparison with the first.
            var answer = await host.RunAsync(
                ShellText.Of($"echo \"connection=$SSH_CONNECTION\"\n{script}"),
                either.Token
            );
            _ = Interlocked.Increment(ref _commands);
            var values = HostFacts.Read(answer.Output);
            var second = values["connection"].FirstOrDefault() ?? "";
            facts = echoed with
            {
                Values = values,
                SameConnection = first.Length > 0 && second.Length > 0 ? first == second : null,
            };
            return values.Contains("whole")
                ? facts
                : facts with
                {
                    Trouble = new(
                        null,
                        $"{facts.Name}: the check broke off: {answer.Said}",
                        $"Try `{ByHand(name, "sh")}`, and check that a plain `sh` works there."
                    ),
                };
        }
        catch (HostUnreachableException fault) when (connected && fault.Fault is ContactFault.Silent)
        {
            return facts with
            {
                Trouble = new(
                    null,
                    $"{facts.Name} accepts the connection, but `sh` does not run there: "
                        + $"{fault.Message.Replace($"{facts.Name} cannot be reached: ", "", StringComparison.Ordinal)}",
                    $"Try `{ByHand(name, "sh -c true")}`; the account's login shell or its start-up files are the "
                        + "cause."
                ),
            };
        }
        catch (UserException fault)
        {
            return facts with { Trouble = new((fault as HostUnreachableException)?.Fault, fault.Message, fault.Fix) };
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return facts with
            {
                Trouble = new(
                    ContactFault.Silent,
                    $"{facts.Name} did not finish the check within {Patience.TotalSeconds:0} s",
                    $"Try `{ByHand(name, "df")}`: a hanging file system is the usual cause."
                ),
            };
        }
    }

    /// <summary>What a person types to run something there.</summary>
    private string ByHand(string? name, string command) =>
        site.HostOf(name) is OpenSshHost ssh ? $"{ssh.ByHand} {command}" : command;

    /// <summary>Times a line there and back a few times, then asks for the clock half-way.</summary>
    private async Task<(string Connection, HostFacts Facts)> EchoAsync(
        IHost host,
        HostFacts facts,
        CancellationToken ct
    )
    {
        await using var channel = await host.OpenAsync(
            $$"""
            echo "$SSH_CONNECTION"
            while read -r word; do case $word in clock) date +%s ;; end) exit 0 ;; *) echo "$word" ;; esac; done
            """,
            ct
        );
        _ = Interlocked.Increment(ref _commands);
        var reader = new StreamReader(channel.Output, Encoding.UTF8);
        var connection = await reader.ReadLineAsync(ct);
        if (connection is null)
            await channel.EndAsync(ct); // says why
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < Echoes; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await SayAsync("echo");
            await reader.ReadLineAsync(ct);
            var took = Stopwatch.GetElapsedTime(began);
            if (took < best)
                best = took;
        }
        var asked = clock.GetUtcNow();
        await SayAsync("clock");
        var theirs = await reader.ReadLineAsync(ct);
        var halfway = asked + ((clock.GetUtcNow() - asked) / 2);
        await SayAsync("end");
        // `date` tells whole seconds; the middle of that second is the best guess.
        TimeSpan? ahead = long.TryParse(theirs, CultureInfo.InvariantCulture, out var seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds).AddMilliseconds(500) - halfway
            : null;
        return (connection ?? "", facts with { RoundTrip = best, ClockAhead = ahead, Banner = channel.Banner });

        async Task SayAsync(string word)
        {
            await channel.Input.WriteAsync(Encoding.ASCII.GetBytes(word + "\n"), ct);
            await channel.Input.FlushAsync(ct);
        }
    }
}

/// <summary>What a look at a site cost those who run it.</summary>
/// <param name="Connections">SSH connections that were opened to each host; none where one was there already.</param>
/// <param name="SchedulerCommands">Of all our processes in the last minute; null without a scheduler.</param>
public sealed record SiteBudget(
    IReadOnlyDictionary<string, int> Connections,
    int RemoteCommands,
    int? SchedulerCommands
);
