using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Muster.Clouds.Aws;

/// <summary>Version 4 of AWS's signatures from the other side.</summary>
internal static class AwsSignatureCheck
{
    /// <summary>The region that a request was signed for; a wrong signature is a fault.</summary>
    public static string RegionOf(HttpRequest request, string body, string accessKey, string secretKey)
    {
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith("AWS4-HMAC-SHA256 ", StringComparison.Ordinal))
            throw new AwsRefusalException(401, "MissingAuthenticationToken", "Request is missing Authentication Token");
        var parts = header["AWS4-HMAC-SHA256 ".Length..]
            .Split(',', StringSplitOptions.TrimEntries)
            .Select(part => part.Split('=', 2))
            .ToDictionary(part => part[0], part => part[1]);
        var credential = parts["Credential"].Split('/');
        if (credential[0] != accessKey)
            throw new AwsRefusalException(
                401,
                "AuthFailure",
                "AWS was not able to validate the provided access credentials"
            );
        var (date, region, service) = (credential[1], credential[2], credential[3]);
        var names = parts["SignedHeaders"].Split(';');
        var canonical = string.Join(
            '\n',
            [
                request.Method,
                request.Path.Value,
                request.QueryString.Value?.TrimStart('?'),
                .. names.Select(name => $"{name}:{request.Headers[name].ToString().Trim()}"),
                "",
                parts["SignedHeaders"],
                Hash(body),
            ]
        );
        var scope = $"{date}/{region}/{service}/aws4_request";
        var text = string.Join(
            '\n',
            "AWS4-HMAC-SHA256",
            request.Headers["X-Amz-Date"].ToString(),
            scope,
            Hash(canonical)
        );
        var key = Encoding.UTF8.GetBytes("AWS4" + secretKey);
        foreach (var part in (string[])[date, region, service, "aws4_request"])
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text))) == parts["Signature"]
            ? region
            : throw new AwsRefusalException(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided."
            );
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
