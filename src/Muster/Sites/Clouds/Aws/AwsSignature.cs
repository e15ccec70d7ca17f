using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;

namespace Muster.Sites.Clouds.Aws;

/// <summary>Version 4 of AWS's signatures, for the one service that we call without its package.</summary>
internal static class AwsSignature
{
    public const string ContentType = "application/x-amz-json-1.1";
    private const string Target = "AWSPriceListService.GetProducts";
    private const string Service = "pricing";

    public static void Sign(
        HttpRequestMessage request,
        byte[] body,
        ImmutableCredentials keys,
        string region,
        DateTimeOffset now
    )
    {
        var moment = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var date = moment[..8];
        var host = request.RequestUri!.IsDefaultPort ? request.RequestUri.Host : request.RequestUri.Authority;
        List<(string Name, string Value)> headers =
        [
            ("content-type", ContentType),
            ("host", host),
            ("x-amz-date", moment),
            .. string.IsNullOrEmpty(keys.Token) ? [] : new[] { ("x-amz-security-token", keys.Token) },
            ("x-amz-target", Target),
        ];
        var names = string.Join(';', headers.Select(header => header.Name));
        var canonical = string.Join(
            '\n',
            [
                "POST",
                request.RequestUri.AbsolutePath,
                "",
                .. headers.Select(header => $"{header.Name}:{header.Value}"),
                "",
                names,
                Convert.ToHexStringLower(SHA256.HashData(body)),
            ]
        );
        var scope = $"{date}/{region}/{Service}/aws4_request";
        var text = string.Join('\n', "AWS4-HMAC-SHA256", moment, scope, Hash(canonical));
        var key = Encoding.UTF8.GetBytes("AWS4" + keys.SecretKey);
        foreach (var part in (string[])[date, region, Service, "aws4_request"])
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));

        foreach (
            var (name, value) in headers.Where(header => header.Name.StartsWith("x-amz-", StringComparison.Ordinal))
        )
            request.Headers.TryAddWithoutValidation(name, value);
        request.Headers.TryAddWithoutValidation(
            "Authorization",
            $"AWS4-HMAC-SHA256 Credential={keys.AccessKey}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
