using System.Net;
using System.Net.Sockets;
using Muster.Faults;
using Muster.Gateway.Ledger;
using Npgsql;

namespace Muster.Storage;

public sealed class PostgresDatabaseTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("postgres://muster@db.example/muster", SslMode.VerifyFull)]
    [InlineData("postgres://muster@10.0.0.9:5433/muster", SslMode.VerifyFull)]
    [InlineData("Host=db.example;Username=muster;Database=muster", SslMode.VerifyFull)]
    [InlineData("Host=localhost,db.example;Username=muster", SslMode.VerifyFull)]
    [InlineData("postgres://muster@db.example/muster?sslmode=disable", SslMode.Disable)]
    [InlineData("postgres://muster@db.example/muster?sslmode=require", SslMode.Require)]
    [InlineData("Host=db.example;SSL Mode=Prefer", SslMode.Prefer)]
    [InlineData("Host=db.example;SslMode=Disable", SslMode.Disable)]
    [InlineData("postgres://muster@localhost/muster", SslMode.Prefer)]
    [InlineData("postgres://muster@127.0.0.1:5433/muster", SslMode.Prefer)]
    [InlineData("postgres://muster@[::1]/muster", SslMode.Prefer)]
    [InlineData("Host=/var/run/postgresql;Username=muster", SslMode.Prefer)]
    public void Beyond_this_machine_the_server_shows_who_it_is_unless_the_address_says_otherwise(
        string text,
        SslMode mode
    )
    {
        using var database = new PostgresDatabase(text);
        Assert.Equal(mode, database.Tls);
    }

    [Fact]
    public async Task A_server_without_TLS_is_told_with_what_helps()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var database = new PostgresDatabase(
            $"postgres://muster@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/muster?sslmode=verify-full"
        );
        var refusing = RefuseAsync(listener);
        var fault = await Assert.ThrowsAsync<UserException>(() => database.PrepareAsync(PostgresTaskStore.Layout, Ct));
        Assert.Contains("sslmode=disable", fault.Fix, StringComparison.Ordinal);
        listener.Stop();
        await refusing;
    }

    /// <summary>
    /// PostgreSQL's no: to encryption by Kerberos, which may be asked for first and on a connection of its own, and to
    /// TLS.
    /// </summary>
    private static async Task RefuseAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(Ct);
                while (await client.GetStream().ReadAtLeastAsync(new byte[8], 8, throwOnEndOfStream: false, Ct) == 8)
                    await client.GetStream().WriteAsync("N"u8.ToArray(), Ct);
            }
        }
        catch (Exception fault) when (fault is SocketException or InvalidOperationException) { } // the test is over
    }
}
