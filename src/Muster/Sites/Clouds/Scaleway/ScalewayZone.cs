namespace Muster.Sites.Clouds.Scaleway;

/// <summary>Zones by today's names; files of older tools have the old ones.</summary>
public static class ScalewayZone
{
    public static string Of(string place) =>
        place.ToLowerInvariant() switch
        {
            "par1" => "fr-par-1",
            "ams1" => "nl-ams-1",
            var zone => zone,
        };
}
