namespace Muster.Configuration;

/// <summary>Where a value comes from: a line of a file, or the place named.</summary>
public sealed record Origin(string Place, int? Line = null)
{
    public static readonly Origin BuiltIn = new("built in");

    public override string ToString() => Line is null ? Place : $"{Place}:{Line}";
}
