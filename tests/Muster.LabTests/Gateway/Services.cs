using Muster.Storage;
using Npgsql;

namespace Muster.Gateway;

/// <summary>The lab's S3 server, which verifies signatures, and its PostgreSQL.</summary>
internal static class Services
{
    public static readonly Uri S3 = new("http://127.0.0.1:26080");

    /// <summary>A database of the test's own.</summary>
    public static string NewDatabase()
    {
        Lab.Do("postgres", "start");
        var name = $"muster_{Guid.NewGuid():n}";
        Sql("postgres", $"CREATE DATABASE {name}");
        return $"Host=127.0.0.1;Port=25432;Username=postgres;Database={name}";
    }

    public static void Drop(string database)
    {
        var name = new NpgsqlConnectionStringBuilder(database).Database!;
        NpgsqlConnection.ClearAllPools();
        Sql("postgres", $"DROP DATABASE {name} WITH (FORCE)");
    }

    public static object? Sql(string database, string text)
    {
        using var connection = new NpgsqlConnection(
            database.Contains('=') ? database : $"Host=127.0.0.1;Port=25432;Username=postgres;Database={database}"
        );
        connection.Open();
#pragma warning disable CA2100 // the tests' own texts
        using var command = new NpgsqlCommand(text, connection);
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }

    /// <summary>A bucket of the test's own.</summary>
    public static async Task<S3Place> BucketAsync()
    {
        Lab.Do("s3", "start");
        var name = $"muster-{Guid.NewGuid():n}";
        using var client = new Amazon.S3.AmazonS3Client(
            "test:tester",
            "testing",
            new Amazon.S3.AmazonS3Config
            {
                ServiceURL = S3.ToString(),
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
            }
        );
        await client.PutBucketAsync(name);
        return new(
            S3.ToString(),
            name,
            "test:tester",
            "testing",
            null,
            ForcePathStyle: true,
            IgnoreCertificates: false
        );
    }
}
