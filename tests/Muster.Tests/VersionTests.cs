using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Muster;

/// <summary>The version stands in Directory.Build.props, and nowhere else by hand.</summary>
public sealed partial class VersionTests
{
    private static readonly string Version = Regex
        .Match(
            File.ReadAllText(Path.Combine(Repository.Folder, "Directory.Build.props")),
            "<Version>([0-9]+\\.[0-9]+\\.[0-9]+)</Version>"
        )
        .Groups[1]
        .Value;

    [Theory]
    [InlineData("version")]
    [InlineData("--version")]
    [InlineData("-V")]
    public async Task The_program_says_the_version_that_it_was_built_as(string word)
    {
        using var process = Process.Start(
            new ProcessStartInfo(MusterProgram.Path, [word]) { RedirectStandardOutput = true }
        )!;
        var said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal($"muster {Version}\n", said);
    }

    [Fact]
    public void The_changelog_knows_it() =>
        Assert.Contains($"\n## [{Version}] - ", File.ReadAllText(Path.Combine(Repository.Folder, "CHANGELOG.md")));

    [Fact]
    public async Task A_release_is_made_of_a_clean_checkout_of_its_tag()
    {
        var folder = Directory.CreateTempSubdirectory("muster-release-");
        foreach (var file in (string[])[".ci/release", "Directory.Build.props", "CHANGELOG.md"])
        {
            var copy = Path.Combine(folder.FullName, file);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(Repository.Folder, file), copy);
        }
        var git = "git -c user.name=me -c user.email=me@example.org -c init.defaultBranch=main";
        Assert.Contains("has changes", await SayAsync($"{git} init -q; .ci/release"));
        Assert.Contains($"not tagged v{Version}", await SayAsync($"{git} add . && {git} commit -qm one; .ci/release"));
        Assert.Contains(
            $"no section for {Version}9",
            await SayAsync($"sed -i 's:{Version}<:{Version}9<:' Directory.Build.props; .ci/release")
        );
        // Tagged, it goes on to the tests, which are not here.
        Assert.Contains("./test", await SayAsync($"git checkout -q . && git tag v{Version}; .ci/release"));
        folder.Delete(true);

        async Task<string> SayAsync(string text)
        {
            using var process = Process.Start(
                new ProcessStartInfo("bash", ["-c", text])
                {
                    WorkingDirectory = folder.FullName,
                    RedirectStandardError = true,
                }
            )!;
            var said = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.NotEqual(0, process.ExitCode);
            return said;
        }
    }

    [Fact]
    public void What_is_deployed_names_it()
    {
        var texts = Directory
            .GetFiles(Path.Combine(Repository.Folder, "deploy"), "*", SearchOption.AllDirectories)
            .ToDictionary(file => file, File.ReadAllText, StringComparer.Ordinal);
        var named = texts
            .Values.SelectMany(text => Images().Matches(text))
            .Select(image => image.Groups[1].Value)
            .ToList();
        Assert.NotEmpty(named);
        Assert.All(named, version => Assert.Equal(Version, version));
        Assert.Contains(
            $"\nversion: {Version}\nappVersion: {Version}\n",
            texts.Single(text => text.Key.EndsWith("/Chart.yaml", StringComparison.Ordinal)).Value
        );
    }

    [GeneratedRegex("localhost/muster[a-z-]*:([0-9.]*[0-9])")]
    private static partial Regex Images();
}
