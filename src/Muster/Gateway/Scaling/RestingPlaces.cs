using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Muster.Gateway.Model;

namespace Muster.Gateway.Scaling;

/// <summary>Sites, and hosts of sites, that gave no machine: they are asked again later and later.</summary>
internal sealed partial class RestingPlaces(TimeProvider clock, ILogger log)
{
    private readonly ConcurrentDictionary<string, Rest> _rests = new();
    private readonly ILogger _log = log;

    /// <summary>Why a place gives no machine now, and until when; null where it does.</summary>
    public (string Why, DateTimeOffset Until)? Of(string place) =>
        _rests.TryGetValue(place, out var rest) && rest.Until > clock.GetUtcNow() ? (rest.Why, rest.Until) : null;

    public static string HostOf(string site, string host) => $"{site}/{host}";

    /// <summary>Where this machine was asked for gives none for a while.</summary>
    public void Pause(Machine machine, string why)
    {
        var place = machine.Host is { } host ? HostOf(machine.Site, host) : machine.Site;
        _rests.AddOrUpdate(place, _ => RestFor(0, why), (_, before) => RestFor(before.Times + 1, why));
        Paused(place, why);
    }

    /// <summary>A machine from there works.</summary>
    public void Recover(Machine machine)
    {
        _rests.TryRemove(machine.Site, out _);
        if (machine.Host is { } host)
            _rests.TryRemove(HostOf(machine.Site, host), out _);
    }

    private Rest RestFor(int times, string why)
    {
        var pause = Faults.Pause.Usual.After(times + 1, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(15));
        return new(clock.GetUtcNow() + pause, why, times);
    }

    private sealed record Rest(DateTimeOffset Until, string Why, int Times);

    [LoggerMessage(LogLevel.Warning, "{Place} gives no machine for a while: {Why}")]
    private partial void Paused(string place, string why);
}
