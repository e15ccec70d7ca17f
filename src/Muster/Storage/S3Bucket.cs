using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;
using Muster.Faults;

namespace Muster.Storage;

/// <summary>How a bucket is reached. Without keys, those of the environment or of the machine's role are used.</summary>
/// <param name="Endpoint">A host or an address.</param>
/// <param name="Acl">Such as <c>public-read</c>; null leaves it to the bucket.</param>
public sealed record S3Place(string Endpoint, string Bucket, string? AccessKey, string? SecretKey, string? Acl, bool ForcePathStyle, bool IgnoreCertificates);

/// <summary>A bucket of an S3 service, into which results are put.</summary>
public sealed class S3Bucket : IDisposable
{
    private const int Retries = 6;
    private const long LargestPart = 100 << 20;

    private readonly AmazonS3Client _client;
    private readonly TransferUtility _transfers;
    private readonly S3Place _place;

    public S3Bucket(S3Place place)
    {
        _place = place;
        var config = new AmazonS3Config
        {
            ServiceURL = place.Endpoint.Contains("://", StringComparison.Ordinal) ? place.Endpoint : $"https://{place.Endpoint}",
            AuthenticationRegion = "us-east-1",
            ForcePathStyle = place.ForcePathStyle,
            MaxErrorRetry = Retries,
            // Other services than Amazon's know these checksums not yet.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            HttpClientFactory = place.IgnoreCertificates ? new Trusting() : null,
        };
        _client = place is { AccessKey: { } key, SecretKey: { } secret } ? new(new BasicAWSCredentials(key, secret), config) : new(config);
        _transfers = new(_client, new TransferUtilityConfig { MinSizeBeforePartUpload = LargestPart, ConcurrentServiceRequests = 4 });
    }

    /// <summary>Writes an empty object, so that a wrong key is seen before the first result is lost.</summary>
    public async Task CheckAsync(CancellationToken ct)
    {
        try
        {
            await _client.PutObjectAsync(new PutObjectRequest { BucketName = _place.Bucket, Key = "test.txt", ContentBody = "", CannedACL = Acl }, ct);
        }
        catch (Exception fault) when (fault is AmazonServiceException or AmazonClientException or HttpRequestException)
        {
            throw new UserException($"the bucket {_place.Bucket} at {_place.Endpoint} does not take objects: {fault.Message}", "Check the endpoint, the bucket's name and the keys; some services need --s3-force-path-style.", fault);
        }
    }

    /// <param name="progress">Takes 0 to 100.</param>
    public async Task PutAsync(string path, string key, Action<int> progress, CancellationToken ct)
    {
        var request = new TransferUtilityUploadRequest { BucketName = _place.Bucket, Key = key, FilePath = path, CannedACL = Acl, PartSize = LargestPart };
        request.UploadProgressEvent += (_, told) => progress(told.PercentDone);
        try
        {
            await _transfers.UploadAsync(request, ct);
        }
        catch (Exception fault) when (fault is AmazonServiceException or AmazonClientException or HttpRequestException)
        {
            throw new IOException($"the bucket {_place.Bucket} did not take {key}: {fault.Message}", fault);
        }
    }

    private S3CannedACL? Acl => _place.Acl is { } acl ? new(acl) : null;

    public void Dispose()
    {
        _transfers.Dispose();
        _client.Dispose();
    }

    private sealed class Trusting : HttpClientFactory
    {
#pragma warning disable CA5359 // the operator asked for it
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
#pragma warning restore CA5359
    }
}
