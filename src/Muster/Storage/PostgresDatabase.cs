using System.Net;
using System.Security.Authentication;
using Muster.Faults;
using Npgsql;

namespace Muster.Storage;

/// <summary>A PostgreSQL database, and how it is reached. Its password is in no text of ours.</summary>
public sealed class PostgresDatabase : IDisposable
{
    /// <summary>A server takes a hundred connections in all when nothing else is said.</summary>
    private const string Few = "Maximum Pool Size=20;";

    private readonly NpgsqlConnectionStringBuilder _place;

    /// <summary>What helps where the server does not speak TLS as we ask it to.</summary>
    private readonly string _hint;

    /// <param name="text">An address, <c>postgres://user@host/name</c>, or Npgsql's <c>Host=…;Username=…</c>. Without a
    /// password in it, PGPASSWORD or a password file is used.</param>
    public PostgresDatabase(string text)
    {
        _place = PlaceIn(text);
        _hint = Secured(_place, Environment.GetEnvironmentVariable("PGSSLMODE"));
        _place.Timeout = 5;
        _place.CommandTimeout = 10;
        _place.ApplicationName = "muster";
        _place.IncludeErrorDetail = false;
        Source = NpgsqlDataSource.Create(_place);
    }

    /// <summary>Connections for anything.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>How the connection is secured.</summary>
    internal SslMode Tls => _place.SslMode;

    public string Name => $"{_place.Database} at {_place.Host}:{_place.Port}";

    public static bool HasPassword(string text) => PlaceIn(text).Password is { Length: > 0 };

    /// <summary>Connections under a name of their own, by which the server can be told to end them.</summary>
    public NpgsqlDataSource SourceNamed(string name) =>
        NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_place.ConnectionString) { ApplicationName = name });

    /// <summary>
    /// Makes the tables, or brings those of an earlier version up to this one. Whoever else does so at the same time
    /// waits.
    /// </summary>
    public async Task PrepareAsync(Migrations layout, CancellationToken ct)
    {
        try
        {
            await using var connection = await Source.OpenConnectionAsync(ct);
            await using var change = await connection.BeginTransactionAsync(ct);
            await RunAsync(connection, "SELECT pg_advisory_xact_lock(7238094)", ct);
            await RunAsync(connection, "CREATE TABLE IF NOT EXISTS muster (version INT NOT NULL)", ct);
            var found = await RunAsync(connection, "SELECT version FROM muster", ct) as int? ?? 0;
            if (layout.After(found, $"the database {Name}") is { } steps)
            {
                await RunAsync(connection, steps, ct);
                await RunAsync(
                    connection,
                    found == 0
                        ? $"INSERT INTO muster VALUES ({layout.Version})"
                        : $"UPDATE muster SET version = {layout.Version}",
                    ct
                );
            }
            await change.CommitAsync(ct);
        }
        catch (NpgsqlException fault)
        {
            throw new UserException(
                $"cannot use the database {Name}: {fault.Message}",
                IsOfTls(fault)
                    ? _hint
                    : "Check that it is up, its name, and its user; a password is read from PGPASSWORD or ~/.pgpass.",
                fault
            );
        }
    }

    private static async Task<object?> RunAsync(NpgsqlConnection connection, string text, CancellationToken ct)
    {
#pragma warning disable CA2100 // our own texts
        // large tables take their time
        await using var command = new NpgsqlCommand(text, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(ct);
    }

    private const string Mode = "SSL Mode";

    /// <summary>
    /// Beyond this machine the server must show a certificate for its name, unless the address says otherwise: what a
    /// gateway keeps there
    /// are photos' places, tokens' hashes and nodes' tokens, and whoever answers in its stead could change all of it.
    /// </summary>
    private static string Secured(NpgsqlConnectionStringBuilder place, string? mode)
    {
        if (!place.Keys.Cast<string>().Contains(Mode))
        {
            if (!string.IsNullOrEmpty(mode))
            {
                if (
                    !Enum.TryParse<SslMode>(
                        mode.Replace("-", "", StringComparison.Ordinal),
                        ignoreCase: true,
                        out var named
                    )
                )
                    throw new UserException(
                        $"PGSSLMODE is '{mode}'",
                        "Set it to disable, allow, prefer, require, verify-ca or verify-full."
                    );
                place.SslMode = named;
            }
            else if (!IsThisMachine(place.Host))
                place.SslMode = SslMode.VerifyFull;
        }
        return place.SslMode is SslMode.VerifyFull or SslMode.VerifyCA
            ? "Turn TLS on at the server, with a certificate for its name; name its authority with sslrootcert=FILE in "
                + "the address. In a network that you trust, sslmode=disable goes without."
            : "Turn TLS on at the server, or choose another sslmode in the address.";
    }

    private static bool IsThisMachine(string? host) =>
        string.IsNullOrEmpty(host)
        || host.Split(',')
            .All(one =>
                one.StartsWith('/')
                || one.StartsWith('@')
                || one.Split(':')[0].Equals("localhost", StringComparison.OrdinalIgnoreCase)
                || (IPEndPoint.TryParse(one, out var address) && IPAddress.IsLoopback(address.Address))
            );

    private static bool IsOfTls(NpgsqlException fault) =>
        fault.InnerException is AuthenticationException || fault.Message.Contains("SSL", StringComparison.Ordinal);

    private static NpgsqlConnectionStringBuilder PlaceIn(string text)
    {
        try
        {
            if (
                !text.StartsWith("postgres://", StringComparison.Ordinal)
                && !text.StartsWith("postgresql://", StringComparison.Ordinal)
            )
                return new(Few + text);
            var address = new Uri(text);
            var user = address.UserInfo.Split(':', 2);
            var place = new NpgsqlConnectionStringBuilder(Few)
            {
                Host = address.Host,
                Database = Uri.UnescapeDataString(address.AbsolutePath.TrimStart('/')),
            };
            if (address.Port > 0)
                place.Port = address.Port;
            if (user[0].Length > 0)
                place.Username = Uri.UnescapeDataString(user[0]);
            if (user.Length > 1)
                place.Password = Uri.UnescapeDataString(user[1]);
            var more = System.Web.HttpUtility.ParseQueryString(address.Query);
            foreach (var key in more.AllKeys)
                place[
                    key switch
                    {
                        "sslmode" => Mode,
                        "sslrootcert" => "Root Certificate",
                        _ => key!,
                    }
                ] = key == "sslmode" ? more[key]!.Replace("-", "", StringComparison.Ordinal) : more[key]!;
            return place;
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or KeyNotFoundException)
        {
            // Neither the text nor the fault is shown: there may be a password in them.
            throw new UserException(
                "the name of the database cannot be read",
                "Write --database postgres://USER@HOST/NAME, or Host=…;Username=…;Database=…."
            );
        }
    }

    public void Dispose() => Source.Dispose();
}
