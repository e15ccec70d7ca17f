namespace Muster.Sites.Clouds.Keeping;

/// <summary>
/// Where machines are written down before they are asked for. Several processes may use one at a time: each change is
/// made to the record as it then stands, and nobody else writes in between.
/// </summary>
public interface IMachineStore
{
    /// <summary>Twelve hexadecimal digits, made once: the mark of everything that this store knows.</summary>
    Task<string> FleetAsync(CancellationToken ct);

    /// <summary>The site's machines that are not gone, and those that have gone since then, the oldest first.</summary>
    Task<IReadOnlyList<MachineRecord>> ReadAsync(string site, DateTimeOffset goneSince, CancellationToken ct);

    /// <summary>Of whatever site.</summary>
    Task<MachineRecord?> FindAsync(Guid id, CancellationToken ct);

    /// <summary>
    /// Adds or changes one record in the sight of all others of the site, as a limit and a budget need it.
    /// </summary>
    /// <param name="place">A pure function of what <see cref="ReadAsync"/> says; null writes nothing.</param>
    Task<MachineRecord?> PlaceAsync(
        string site,
        DateTimeOffset goneSince,
        Func<IReadOnlyList<MachineRecord>, MachineRecord?> place,
        CancellationToken ct
    );

    /// <param name="change">A pure function; the same record writes nothing.</param>
    Task<MachineRecord> ChangeAsync(Guid id, Func<MachineRecord, MachineRecord> change, CancellationToken ct);

    Task<CloudStanding> StandingAsync(string site, CancellationToken ct);

    /// <param name="change">A pure function; the same standing writes nothing.</param>
    Task<CloudStanding> ChangeStandingAsync(
        string site,
        Func<CloudStanding, CloudStanding> change,
        CancellationToken ct
    );
}
