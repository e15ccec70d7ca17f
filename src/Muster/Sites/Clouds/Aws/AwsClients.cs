using System.Collections.Concurrent;
using Amazon;
using Amazon.EC2;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Credentials;

namespace Muster.Sites.Clouds.Aws;

/// <summary>The SDK's clients, two for each region.</summary>
internal sealed class AwsClients(AwsSettings settings) : IDisposable
{
    private readonly ConcurrentDictionary<(string Region, bool Repeats), Lazy<AmazonEC2Client>> _clients = [];
    private readonly Lazy<AWSCredentials?> _credentials = new(() => CredentialsOf(settings));

    /// <summary>For calls that change something. It sends each request once.</summary>
    public AmazonEC2Client Changing(string region) => Of(region, repeats: false);

    /// <summary>For calls that only read.</summary>
    public AmazonEC2Client Reading(string region) => Of(region, repeats: true);

    private AmazonEC2Client Of(string region, bool repeats) =>
        _clients.GetOrAdd((region, repeats), key => new(() => Make(key.Region, key.Repeats))).Value;

    private AmazonEC2Client Make(string region, bool repeats)
    {
        var config = new AmazonEC2Config
        {
            // MaxErrorRetry alone does not stop it: a connection that broke would have it send a create ten times more.
            MaxErrorRetry = repeats ? 2 : 0,
            MaxStaleConnectionRetries = repeats ? 2 : 0,
            Timeout = repeats ? CloudHttp.Patience : CloudHttp.CreatePatience,
            ConnectTimeout = TimeSpan.FromSeconds(15),
        };
        if (settings.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.AbsoluteUri;
            config.AuthenticationRegion = region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }
        return _credentials.Value is { } credentials ? new(credentials, config) : new(config);
    }

    /// <summary>Those that requests are signed with; null leaves it to the SDK's own chain.</summary>
    private static AWSCredentials? CredentialsOf(AwsSettings settings)
    {
        if (settings is { AccessKey: { } key, SecretKey: { } secret })
        {
            return settings.SessionToken is { } session
                ? new SessionAWSCredentials(key.Reveal(), secret.Reveal(), session.Reveal())
                : new BasicAWSCredentials(key.Reveal(), secret.Reveal());
        }
        if (settings.Profile is not { } profile)
            return null;
        return new CredentialProfileStoreChain().TryGetAWSCredentials(profile, out var found)
            ? found
            : throw new CloudException(
                CloudFault.BadCredentials,
                $"AWS: there is no profile '{profile}' in the shared credentials file",
                "Choose a profile that `aws configure list-profiles` names, or set access-key and secret-key-file."
            );
    }

    /// <summary>For the price list, whose requests we sign ourselves.</summary>
    public async Task<ImmutableCredentials> KeysAsync(CancellationToken ct)
    {
        var credentials =
            _credentials.Value
            ?? await DefaultAWSCredentialsIdentityResolver.GetCredentialsAsync(new AmazonEC2Config()).WaitAsync(ct);
        return await credentials.GetCredentialsAsync().WaitAsync(ct);
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values.Where(client => client.IsValueCreated))
            client.Value.Dispose();
    }
}
