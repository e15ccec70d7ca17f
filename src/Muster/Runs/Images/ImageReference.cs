using Muster.Faults;
using Muster.Sites;

namespace Muster.Runs.Images;

/// <summary>An image as people name it: a name in a registry, or a file here or over there.</summary>
/// <param name="Name">For a registry with its scheme, such as <c>docker://ubuntu:24.04</c>.</param>
/// <param name="Form">Of a file: <c>sif</c>, <c>docker-archive</c> or <c>oci-archive</c>; else empty.</param>
/// <param name="File">Its full path.</param>
/// <param name="IsHere">The file lies on this machine and is carried over.</param>
internal sealed record ImageReference(string Name, string Form, string File, bool IsHere)
{
    /// <param name="text">A path from <c>/</c> is one over there, any other one here.</param>
    public static ImageReference Read(string text, string workingFolder)
    {
        var form = Array.Find(
            ["docker-archive", "oci-archive"],
            form => text.StartsWith(form + ":", StringComparison.Ordinal)
        );
        var path = form is null ? text : text[(form.Length + 1)..];
        var isFile =
            form is not null
            || path.StartsWith('/')
            || path.StartsWith('.')
            || !path.Contains("://", StringComparison.Ordinal)
                && (
                    path.EndsWith(".sif", StringComparison.Ordinal) || path.EndsWith(".sqsh", StringComparison.Ordinal)
                );
        if (!isFile)
            return new(text.Contains("://", StringComparison.Ordinal) ? text : "docker://" + text, "", "", false);
        if (path.StartsWith('/'))
            return new(text, form ?? "sif", path, false);
        var file = Path.GetFullPath(path, workingFolder);
        return System.IO.File.Exists(file)
            ? new(text, form ?? "sif", file, true)
            : throw new UserException(
                $"the image {file} does not exist",
                "Correct the path; one from / names a file on the site."
            );
    }

    /// <summary>What can run it, the best first.</summary>
    public IReadOnlyList<string> RuntimesOf(Site site)
    {
        IReadOnlyList<string> all = ["apptainer", "singularity", "podman", "docker"];
        if (Form == "sif" || Form.Length == 0 && !Name.StartsWith("docker://", StringComparison.Ordinal))
            all = ["apptainer", "singularity"];
        if (site.Runtime?.ToString().ToLowerInvariant() is not { } wanted)
            return all;
        return all.Contains(wanted)
            ? [wanted]
            : throw new UserException(
                $"{wanted} of site {site.Name} cannot run {Name}",
                $"Take an image of a registry or an archive (docker-archive:./image.tar), or another `runtime:`: "
                    + $"{string.Join(", ", all)}."
            );
    }
}
