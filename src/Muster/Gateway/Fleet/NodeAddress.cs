using System.Globalization;
using Muster.Faults;

namespace Muster.Gateway.Fleet;

/// <summary>A node's address in the ways that people write it.</summary>
public static class NodeAddress
{
    /// <summary>
    /// From a host and a port, as ClusterODM keeps them: TLS on port 443 and nowhere else. Null when they are none.
    /// </summary>
    public static Uri? Find(string host, string port) =>
        Uri.CheckHostName(host) != UriHostNameType.Unknown
        && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number > 0
            ? new(
                $"{(number == 443 ? "https" : "http")}://"
                    + $"{(host.Contains(':') && !host.StartsWith('[') ? $"[{host}]" : host)}:{number}/"
            )
            : null;

    /// <summary>
    /// An address with its token, or a host and a port: <c>http://10.0.0.7:3000/?token=…</c>, <c>10.0.0.7:3000</c>.
    /// </summary>
    public static (Uri Url, string Token) Parse(string text)
    {
        if (
            !Uri.TryCreate(
                text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}",
                UriKind.Absolute,
                out var url
            )
            || url.Scheme is not ("http" or "https")
            || url.UserInfo.Length > 0
        )
        {
            throw UserException.Misuse(
                $"'{text}' is no address of a node",
                "Write http://HOST:PORT, with /?token=… behind it if it needs one."
            );
        }
        return (
            new(url.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/"),
            System.Web.HttpUtility.ParseQueryString(url.Query)["token"] ?? ""
        );
    }
}
