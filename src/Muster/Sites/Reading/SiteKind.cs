namespace Muster.Sites.Reading;

/// <summary>The words after <c>kind:</c>.</summary>
internal enum SiteKind
{
    Local,
    Ssh,
    Slurm,
    Cloud,
    Kubernetes,
}
