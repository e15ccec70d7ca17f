using System.Text.RegularExpressions;

namespace Muster;

/// <summary>
/// A restore that can reach an index of vulnerabilities reads it, also for packages of packages, and warnings are
/// errors: a package with a known fault stops the build, unless somebody turns that off.
/// </summary>
public sealed partial class PackageTests
{
    [Fact]
    public void Nothing_turns_off_the_audit_of_packages()
    {
        var projects = Directory
            .EnumerateFiles(Repository.Folder, "*.*proj", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Repository.Folder, "*.props"))
            .Where(path => !path.Contains("/.build/", StringComparison.Ordinal))
            .ToList();
        Assert.Contains(projects, path => path.EndsWith("Directory.Build.props", StringComparison.Ordinal));
        Assert.All(projects, path => Assert.DoesNotMatch(Muting(), File.ReadAllText(path)));
        Assert.Contains(
            "<TreatWarningsAsErrors>true</TreatWarningsAsErrors>",
            File.ReadAllText(Path.Combine(Repository.Folder, "Directory.Build.props")),
            StringComparison.Ordinal
        );
    }

    [GeneratedRegex("NU190[1-4]|NuGetAudit")]
    private static partial Regex Muting();
}
