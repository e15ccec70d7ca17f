using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Muster.Sites.Clouds;

/// <summary>
/// A machine's own SSH key, made by us before the machine is, so that even its first connection can be checked. ECDSA,
/// as .NET has no Ed25519.
/// </summary>
/// <param name="PrivateText">PEM; it goes into the user data, and is forgotten when the machine is there.</param>
/// <param name="PublicText">As in <c>known_hosts</c>, without a host.</param>
public sealed record HostKey(string PrivateText, string PublicText)
{
    public static HostKey New()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        using var blob = new MemoryStream();
        Write(blob, "ecdsa-sha2-nistp256"u8);
        Write(blob, "nistp256"u8);
        Write(blob, [4, .. point.X!, .. point.Y!]);
        return new(
            key.ExportECPrivateKeyPem() + "\n",
            $"ecdsa-sha2-nistp256 {Convert.ToBase64String(blob.ToArray())} muster"
        );
    }

    public override string ToString() => PublicText;

    private static void Write(MemoryStream blob, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        blob.Write(length);
        blob.Write(part);
    }
}
