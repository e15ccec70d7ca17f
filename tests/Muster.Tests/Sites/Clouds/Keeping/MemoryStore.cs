using System.Text.Json;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>
/// A store without a disk, for a year of writes. What is read has been through the same text as in a file; each write
/// is a point at which the process may die.
/// </summary>
internal sealed class MemoryStore : IMachineStore
{
    private readonly Dictionary<Guid, MachineRecord> _records = [];
    private readonly SortedSet<Guid> _alive = [];
    private readonly Dictionary<string, CloudStanding> _standings = [];

    /// <summary>Everything that was ever written, for a search for secrets.</summary>
    public Action<string> Written { get; init; } = _ => { };

    /// <summary>Called before and after each write.</summary>
    public Action Point { get; set; } = () => { };

    public IEnumerable<MachineRecord> All => _records.Values;

    public Task<string> FleetAsync(CancellationToken ct) => Task.FromResult("4be1c02a77d9");

    public Task<IReadOnlyList<MachineRecord>> ReadAsync(string site, DateTimeOffset goneSince, CancellationToken ct) =>
        Task.FromResult(OfSite(site, goneSince));

    public Task<MachineRecord?> FindAsync(Guid id, CancellationToken ct) =>
        Task.FromResult(_records.GetValueOrDefault(id));

    public Task<MachineRecord?> PlaceAsync(
        string site,
        DateTimeOffset goneSince,
        Func<IReadOnlyList<MachineRecord>, MachineRecord?> place,
        CancellationToken ct
    )
    {
        if (place(OfSite(site, goneSince)) is not { } placed)
            return Task.FromResult<MachineRecord?>(null);
        Point();
        Write(placed);
        Point();
        return Task.FromResult<MachineRecord?>(_records[placed.Id]);
    }

    public Task<MachineRecord> ChangeAsync(Guid id, Func<MachineRecord, MachineRecord> change, CancellationToken ct)
    {
        var after = change(_records[id]);
        if (ReferenceEquals(after, _records[id]))
            return Task.FromResult(after);
        Point();
        Write(after);
        Point();
        return Task.FromResult(_records[id]);
    }

    public Task<CloudStanding> StandingAsync(string site, CancellationToken ct) =>
        Task.FromResult(_standings.GetValueOrDefault(site, new()));

    public Task<CloudStanding> ChangeStandingAsync(
        string site,
        Func<CloudStanding, CloudStanding> change,
        CancellationToken ct
    )
    {
        var before = _standings.GetValueOrDefault(site, new());
        var after = change(before);
        if (ReferenceEquals(after, before))
            return Task.FromResult(after);
        Point();
        var text = JsonSerializer.Serialize(after, MachineJson.Default.CloudStanding);
        Written(text);
        _standings[site] = JsonSerializer.Deserialize(text, MachineJson.Default.CloudStanding)!;
        Point();
        return Task.FromResult(_standings[site]);
    }

    /// <summary>As if an attempt were only written down once the provider has answered.</summary>
    public void Forget()
    {
        foreach (var record in All.Where(record => record.State is MachineState.Asking).ToList())
            Write(record with { State = new MachineState.Planned(), Attempts = record.Attempts - 1, UserData = null });
    }

    private void Write(MachineRecord record)
    {
        var text = MachineJson.Text(record);
        Written(text);
        _alive.Remove(record.Id);
        if (!record.IsGone)
            _alive.Add(record.Id);
        _records[record.Id] = MachineJson.Record(text, record.UserData);
    }

    private IReadOnlyList<MachineRecord> OfSite(string site, DateTimeOffset goneSince) =>
        goneSince == DateTimeOffset.MaxValue
            ? [.. _alive.Select(id => _records[id]).Where(record => record.Site == site)]
            :
            [
                .. _records
                    .Values.Where(record =>
                        record.Site == site && (record.State is not MachineState.Gone gone || gone.At >= goneSince)
                    )
                    .OrderBy(record => record.Id),
            ];
}
