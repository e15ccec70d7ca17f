namespace Muster.Sites;

/// <summary>This machine. The site <c>local</c> is there without being written down.</summary>
public sealed record LocalSite : Site
{
    public const string BuiltInName = "local";
}
