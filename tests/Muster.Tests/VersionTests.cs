using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Muster;

/// <summary>The version stands in Directory.Build.props, and nowhere else by hand.</summary>
public sealed class VersionTests
{
    private static readonly string Version = Regex
        .Match(
            File.ReadAllText(Path.Combine(Repository.Folder, "Directory.Build.props")),
            "<Version>([0-9]+\\.[0-9]+\\.[0-9]+)</Version>"
        )
        .Groups[1]
        .Value;

    [Fact]
    public async Task The_program_says_the_version_that_it_was_built_as()
    {
        using var process = Process.Start(
            new ProcessStartInfo(MusterProgram.Path, ["version"]) { RedirectStandardOutput = true }
        )!;
        var said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal($"muster {Version}\n", said);
    }

    [Fact]
    public void The_changelog_knows_it() =>
        Assert.Contains($"\n## [{Version}] - ", File.ReadAllText(Path.Combine(Repository.Folder, "CHANGELOG.md")));

    [Fact]
    public void What_is_deployed_names_it() =>
        Assert.All(
            Directory.GetFiles(Path.Combine(Repository.Folder, "deploy"), "*.yaml", SearchOption.AllDirectories),
            file => Assert.Contains($"localhost/muster:{Version}\n", File.ReadAllText(file))
        );
}
