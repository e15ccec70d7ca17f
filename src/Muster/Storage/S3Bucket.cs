using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Muster.Faults;

namespace Muster.Storage;

/// <summary>
/// How a bucket is reached. Without keys, those of the environment or of the machine's role are used.
/// </summary>
/// <param name="Endpoint">A host or an address.</param>
/// <param name="Acl">Such as <c>public-read</c>; null leaves it to the bucket.</param>
public sealed record S3Place(
    string Endpoint,
    string Bucket,
    string? AccessKey,
    string? SecretKey,
    string? Acl,
    bool ForcePathStyle,
    bool IgnoreCertificates
);

/// <summary>A bucket of an S3 service. What it does not do is an <see cref="IOException"/>.</summary>
public sealed class S3Bucket : IDisposable
{
    private const long LargestPart = 32 << 20;
    private const int PartsAtOnce = 4;

    private readonly AmazonS3Client _client;
    private readonly S3Place _place;

    /// <param name="retries">How often it asks again by itself, with pauses of seconds.</param>
    public S3Bucket(S3Place place, int retries = 3)
    {
        _place = place;
        var config = new AmazonS3Config
        {
            ServiceURL = place.Endpoint.Contains("://", StringComparison.Ordinal)
                ? place.Endpoint
                : $"https://{place.Endpoint}",
            AuthenticationRegion = "us-east-1",
            ForcePathStyle = place.ForcePathStyle,
            MaxErrorRetry = retries,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            // Other services than Amazon's know these checksums not yet. What is sent is signed with its SHA-256, which
            // they do check.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            HttpClientFactory = place.IgnoreCertificates ? new Trusting() : null,
        };
        _client = place is { AccessKey: { } key, SecretKey: { } secret }
            ? new(new BasicAWSCredentials(key, secret), config)
            : new(config);
    }

    /// <summary>Writes an empty object, so that a wrong key is seen before the first result is lost.</summary>
    public async Task CheckAsync(CancellationToken ct)
    {
        try
        {
            await _client.PutObjectAsync(
                new PutObjectRequest
                {
                    BucketName = _place.Bucket,
                    Key = "test.txt",
                    ContentBody = "",
                    CannedACL = Acl,
                    UseChunkEncoding = false,
                },
                ct
            );
        }
        catch (Exception fault) when (IsOfService(fault))
        {
            throw new UserException(
                $"the bucket {_place.Bucket} at {_place.Endpoint} does not take objects: {fault.Message}",
                "Check the endpoint, the bucket's name and the keys; some services need --s3-force-path-style.",
                fault
            );
        }
    }

    /// <param name="progress">Takes 0 to 100.</param>
    public Task PutAsync(string path, string key, Action<int> progress, CancellationToken ct) =>
        AskAsync(
            $"take {key}",
            async () =>
            {
                var length = new FileInfo(path).Length;
                if (length > LargestPart)
                {
                    await PutPartsAsync(path, length, key, progress, ct);
                    return true;
                }
                await _client.PutObjectAsync(
                    new PutObjectRequest
                    {
                        BucketName = _place.Bucket,
                        Key = key,
                        FilePath = path,
                        CannedACL = Acl,
                        UseChunkEncoding = false,
                    },
                    ct
                );
                progress(100);
                return true;
            }
        );

    private async Task PutPartsAsync(string path, long length, string key, Action<int> progress, CancellationToken ct)
    {
        // A service takes ten thousand parts at most.
        var size = Math.Max(LargestPart, length / 9_000);
        var upload = (
            await _client.InitiateMultipartUploadAsync(
                new InitiateMultipartUploadRequest
                {
                    BucketName = _place.Bucket,
                    Key = key,
                    CannedACL = Acl,
                },
                ct
            )
        ).UploadId;
        var parts = new PartETag[(length + size - 1) / size];
        var done = 0L;
        try
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, parts.Length),
                new ParallelOptions { MaxDegreeOfParallelism = PartsAtOnce, CancellationToken = ct },
                async (n, stop) =>
                {
                    var bytes = Math.Min(size, length - (n * size));
                    var part = await _client.UploadPartAsync(
                        new UploadPartRequest
                        {
                            BucketName = _place.Bucket,
                            Key = key,
                            UploadId = upload,
                            PartNumber = n + 1,
                            FilePath = path,
                            FilePosition = n * size,
                            PartSize = bytes,
                            UseChunkEncoding = false,
                        },
                        stop
                    );
                    parts[n] = new(n + 1, part.ETag);
                    progress((int)(Interlocked.Add(ref done, bytes) * 100 / length));
                }
            );
            await _client.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest
                {
                    BucketName = _place.Bucket,
                    Key = key,
                    UploadId = upload,
                    PartETags = [.. parts],
                },
                ct
            );
        }
        catch
        {
            // Its parts would be paid for, and seen by nobody.
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await (
                (Task)
                    _client.AbortMultipartUploadAsync(
                        new AbortMultipartUploadRequest
                        {
                            BucketName = _place.Bucket,
                            Key = key,
                            UploadId = upload,
                        },
                        patience.Token
                    )
            ).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>An object from one of its bytes on.</summary>
    public Task<Stream> OpenAsync(string key, long from, CancellationToken ct) =>
        AskAsync(
            $"give {key}",
            async () =>
                (
                    await _client.GetObjectAsync(
                        new GetObjectRequest
                        {
                            BucketName = _place.Bucket,
                            Key = key,
                            ByteRange = from > 0 ? new($"bytes={from}-") : null,
                        },
                        ct
                    )
                ).ResponseStream
        );

    public Task DeleteAsync(string key, CancellationToken ct) =>
        AskAsync($"delete {key}", () => _client.DeleteObjectAsync(_place.Bucket, key, ct));

    public Task<bool> HasAsync(string key, CancellationToken ct) =>
        AskAsync(
            $"say whether it has {key}",
            async () =>
            {
                try
                {
                    await _client.GetObjectMetadataAsync(_place.Bucket, key, ct);
                    return true;
                }
                catch (AmazonS3Exception fault) when (fault.StatusCode == System.Net.HttpStatusCode.NotFound)
                {
                    return false;
                }
            }
        );

    public async IAsyncEnumerable<string> KeysAsync(
        string prefix,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct
    )
    {
        var request = new ListObjectsV2Request { BucketName = _place.Bucket, Prefix = prefix };
        do
        {
            var page = await AskAsync($"list {prefix}", () => _client.ListObjectsV2Async(request, ct));
            foreach (var found in page.S3Objects ?? [])
                yield return found.Key;
            request.ContinuationToken = page.NextContinuationToken;
        } while (request.ContinuationToken is not null);
    }

    /// <summary>Where anybody can read an object for so long.</summary>
    public Uri AddressOf(string key, TimeSpan lifetime) =>
        new(
            _client.GetPreSignedURL(
                new GetPreSignedUrlRequest
                {
                    BucketName = _place.Bucket,
                    Key = key,
                    Expires = TimeProvider.System.GetUtcNow().UtcDateTime + lifetime,
                    Protocol = _client.Config.ServiceURL.StartsWith("http:", StringComparison.OrdinalIgnoreCase)
                        ? Protocol.HTTP
                        : Protocol.HTTPS,
                }
            )
        );

    private async Task<T> AskAsync<T>(string what, Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Exception fault) when (IsOfService(fault))
        {
            throw new IOException($"the bucket {_place.Bucket} did not {what}: {fault.Message}", fault);
        }
    }

    private static bool IsOfService(Exception fault) =>
        fault is AmazonServiceException or AmazonClientException or HttpRequestException or TimeoutException;

    private S3CannedACL? Acl => _place.Acl is { } acl ? new(acl) : null;

    public void Dispose() => _client.Dispose();

    private sealed class Trusting : HttpClientFactory
    {
#pragma warning disable CA5359 // the operator asked for it
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) =>
            new(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
#pragma warning restore CA5359
    }
}
