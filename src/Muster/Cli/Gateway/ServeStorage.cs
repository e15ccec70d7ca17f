using System.CommandLine;
using Muster.Faults;
using Muster.Gateway.Model;
using Muster.Storage;

namespace Muster.Cli.Gateway;

/// <summary>Where `muster serve` keeps uploads, results and its queue when that is not its own folder.</summary>
internal static class ServeStorage
{
    private static readonly Option<string?> Blobs = Text(
        "--blobs",
        "DIR",
        "Folder for uploads and results, separate from --data. Gateways that share a database share it."
    );
    private static readonly Option<string?> Endpoint = Text(
        "--s3-endpoint",
        "HOST",
        "S3 endpoint; with --s3-bucket, uploads and results are stored there."
    );
    private static readonly Option<string?> Bucket = Text("--s3-bucket", "NAME", "Bucket for uploads and results.");
    private static readonly Option<string?> AccessKey = Text(
        "--s3-access-key",
        "KEY",
        "Access key. Without keys, those from the environment (AWS_ACCESS_KEY_ID and so on) or the machine's role "
            + "are used."
    );
    private static readonly Option<string?> SecretKeyFile = Text(
        "--s3-secret-key-file",
        "FILE",
        "File with the secret key."
    );
    private static readonly Option<string?> SecretKey = Text(
        "--s3-secret-key",
        "KEY",
        "Secret key on the command line, where other users of this machine can read it."
    );
    private static readonly Option<string?> Acl = Text(
        "--s3-acl",
        "ACL",
        "Access to results: private by default; none leaves it to the bucket."
    );
    private static readonly Option<bool> PathStyle = new("--s3-force-path-style")
    {
        Description = "Use path-style addresses: the bucket in the path, not in the host name.",
    };
    private static readonly Option<bool> IgnoreSsl = new("--s3-ignore-ssl")
    {
        Description = "Accept any TLS certificate from the endpoint.",
    };
    private static readonly Option<bool> Stream = new("--s3-stream-downloads")
    {
        Description = "Stream results through the gateway, for clients that cannot reach the bucket.",
    };
    private static readonly Option<string?> DownloadsFrom = Text(
        "--downloads-from-s3",
        "URL",
        "Where nodes upload results themselves: downloads are redirected to URL/TASK/ASSET if it exists."
    );

    private static readonly Option<string?> Database = Text(
        "--database",
        "NAME",
        "PostgreSQL database, postgres://USER@HOST/NAME. Gateways that share it serve one queue. The password is "
            + "read from PGPASSWORD or ~/.pgpass."
    );
    private static readonly Option<string?> DatabaseFile = Text(
        "--database-file",
        "FILE",
        "File with that URL, which may include the password (default: $MUSTER_DATABASE)."
    );
    private static readonly Option<string?> PeerAddress = Text(
        "--peer-address",
        "URL",
        "With --database: how other gateways reach this one (default: --bind and --port)."
    );

    public static IReadOnlyList<Option> Options { get; } =
    [
        Database,
        DatabaseFile,
        PeerAddress,
        Blobs,
        Endpoint,
        Bucket,
        AccessKey,
        SecretKeyFile,
        SecretKey,
        Acl,
        PathStyle,
        IgnoreSsl,
        Stream,
        DownloadsFrom,
    ];

    /// <param name="inForce">What a flag or the configuration file says.</param>
    public static GatewayOptions In(GatewayOptions options, Func<Option, string?> inForce) =>
        options with
        {
            Database =
                DatabaseIn(inForce(Database))
                ?? Some(SecretFile.Read(inForce(DatabaseFile)))
                ?? Some(Environment.GetEnvironmentVariable("MUSTER_DATABASE")),
            PeerAddress = Address(PeerAddress, inForce),
            Blobs = inForce(Blobs) is { } folder ? Path.GetFullPath(folder) : null,
            Bucket = Place(inForce),
            StreamDownloads = Has(inForce(Stream)),
            DownloadsFromS3 = Address(DownloadsFrom, inForce),
        };

    private static string? DatabaseIn(string? text) =>
        Some(text) is { } name && PostgresDatabase.HasPassword(name)
            ? throw UserException.Misuse(
                "the database password is visible to other users of this machine",
                "Put it into PGPASSWORD or ~/.pgpass, or the whole URL into a file for --database-file."
            )
            : Some(text);

    private static Uri? Address(Option option, Func<Option, string?> inForce) =>
        inForce(option) is not { Length: > 0 } text ? null
        : Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url
        : throw UserException.Misuse($"{option.Name} is '{text}'", "Example: https://results.example.org");

    private static S3Place? Place(Func<Option, string?> inForce)
    {
        var (endpoint, bucket) = (inForce(Endpoint), inForce(Bucket));
        if (endpoint is null != bucket is null)
            throw UserException.Misuse(
                $"--s3-{(endpoint is null ? "endpoint" : "bucket")} is missing",
                "A bucket needs both --s3-endpoint and --s3-bucket."
            );
        if (endpoint is null)
            return null;
        var (key, secret, acl) = (
            inForce(AccessKey),
            SecretFile.Read(inForce(SecretKeyFile)) ?? inForce(SecretKey),
            inForce(Acl) ?? "private"
        );
        if (key is null != secret is null)
            throw UserException.Misuse(
                "one of the two S3 keys is missing",
                "Pass both --s3-access-key and --s3-secret-key-file, or neither."
            );
        return new(
            endpoint,
            bucket!,
            key,
            secret,
            acl == "none" ? null : acl,
            Has(inForce(PathStyle)),
            Has(inForce(IgnoreSsl))
        );
    }

    private static string? Some(string? text) => text is { Length: > 0 } ? text : null;

    private static bool Has(string? text) => text is not (null or "false");

    private static Option<string?> Text(string name, string value, string what) =>
        new(name) { Description = what, HelpName = value };
}
