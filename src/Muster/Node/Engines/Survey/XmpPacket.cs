using System.Globalization;
using System.Xml;

namespace Muster.Node.Engines.Survey;

/// <summary>
/// The one property of an XMP packet that a survey asks for, found while reading on: nothing of the packet's tree is
/// kept.
/// </summary>
internal static class XmpPacket
{
    /// <summary>Of a longer packet nothing is read.</summary>
    public const int MostBytes = 4 << 20;

    private const string Property = "drone-dji:RelativeAltitude";

    /// <summary>
    /// Meters above the place of the start; null when the packet does not say, or is broken before it does.
    /// </summary>
    public static double? HeightAboveStart(ReadOnlySpan<byte> packet)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = MostBytes,
        };
        using var reader = XmlReader.Create(new MemoryStream(packet.ToArray(), writable: false), settings);
        try
        {
            while (reader.Read())
            {
                if (reader.NodeType != XmlNodeType.Element)
                    continue;
                if (reader.GetAttribute(Property) is { } value)
                    return Number(value);
                if (
                    reader.Name == Property
                    && !reader.IsEmptyElement
                    && reader.Read()
                    && reader.NodeType == XmlNodeType.Text
                )
                    return Number(reader.Value);
            }
        }
        catch (XmlException) { } // a broken packet says no more
        return null;
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number)
            ? number
            : null;
}
